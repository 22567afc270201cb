import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import type { Track } from '../track.js';
import { configFile } from './basics.js';

/** How a script of somebody else is set up, and what it must be told. */
export interface OldScript {
  name: string;
  /** Keys of the credentials file; {token} stands for a good one. */
  file: Readonly<Record<string, string>>;
  env: Readonly<Record<string, string>>;
  /** What the published ones print. */
  refusal: RegExp;
  /** The same of ours, with its exit code. */
  ours: { refusal: RegExp; code: number };
}

const anothersOrganization = /This credential reaches \S+, not 'others'\. Set PIPECAT_ORG, or use a token of that/;
const unauthorized = /Unauthorized request \/ invalid user token/;

/** What scripts get wrong most: all run `agent list`. */
export const oldScripts: readonly OldScript[] = [
  {
    name: 'a wrong `PIPECAT_TOKEN` wins over a good stored one',
    file: { token: '{token}', org: '{org}' },
    env: { PIPECAT_TOKEN: `pcc_pat_${'0'.repeat(48)}` },
    refusal: unauthorized,
    ours: { refusal: /PIPECAT_TOKEN/, code: 5 },
  },
  {
    name: 'an empty `PIPECAT_TOKEN` hides a good stored one',
    file: { token: '{token}', org: '{org}' },
    env: { PIPECAT_TOKEN: '' },
    refusal: unauthorized,
    ours: { refusal: /PIPECAT_TOKEN/, code: 4 },
  },
  {
    name: 'an empty `PIPECAT_TOKEN`, and nothing stored',
    file: {},
    env: { PIPECAT_TOKEN: '' },
    refusal: /Could not determine your organization/,
    ours: { refusal: /PIPECAT_TOKEN/, code: 4 },
  },
  {
    name: "another account's organization in the credentials file",
    file: { token: '{token}', org: 'others' },
    env: {},
    refusal: anothersOrganization,
    ours: { refusal: anothersOrganization, code: 7 },
  },
  {
    name: "another account's organization in `PIPECAT_ORG`",
    file: { token: '{token}', org: '{org}' },
    env: { PIPECAT_ORG: 'others' },
    refusal: anothersOrganization,
    ours: { refusal: anothersOrganization, code: 7 },
  },
];

/** Writes the credentials file as such a script has it. */
export function setUp({ file }: OldScript, track: Track, token: string): void {
  mkdirSync(dirname(configFile(track)), { recursive: true, mode: 0o700 });
  const lines = Object.entries(file).map(
    ([key, value]) => `${key} = "${value.replace('{token}', token).replace('{org}', track.org)}"\n`,
  );
  writeFileSync(configFile(track), lines.join(''), { mode: 0o600 });
}

/** Runs it with a published client; resolves to the cell of the table. */
export async function driveOldScript(script: OldScript, track: Track, token: string): Promise<string> {
  setUp(script, track, token);
  const { code, text } = await track.run(['agent', 'list'], { env: script.env });
  expect(text).toMatch(script.refusal);
  expect(text).not.toMatch(/Success|Traceback/);
  return `refused, ends with ${code}${code === 0 ? " (the client's own: it drops its exit code)" : ''}`;
}
