import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNewEnough } from '../install.mjs';
import { Refusal, warn } from './output.mjs';

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Runs a script's body and sets the exit code that it returns; a Refusal becomes its line and exit code 1. */
export async function main(body) {
  try {
    const { node } = process.versions;
    if (!isNewEnough(node)) {
      throw new Refusal(`This script needs Node 22.14 or newer, it runs on ${node}: use npm (npm start, npm test).`);
    }
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    warn(error instanceof Refusal ? error.message : (error?.stack ?? String(error)));
    process.exitCode = 1;
  }
}
