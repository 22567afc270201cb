// npm run docs: writes docs/configuration.md from the tables that the processes themselves read. With --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/main.mjs';

const file = join(root, 'docs/configuration.md');
const load = async (path) => (await import(pathToFileURL(join(root, path)).href)).variables;

const table = (variables) =>
  ['| variable | default | what |', '|---|---|---|']
    .concat(
      Object.entries(variables).map(
        ([name, { default: value, about }]) => `| \`${name}\` | ${value ? `\`${value}\`` : ''} | ${about} |`,
      ),
    )
    .join('\n');

const text = `# Settings

Environment variables, read once at the start. A wrong value stops the start with every problem listed. This page is made by \`npm run docs\`.

## Control plane

${table(await load('packages/server/dist/config/env.js'))}

## Worker

${table(await load('packages/worker/dist/env.js'))}
`;

const written = await readFile(file, 'utf8').catch(() => '');
if (process.argv.includes('--check')) {
  if (written !== text) {
    process.stderr.write('docs/configuration.md is out of date. Run: npm run docs\n');
    process.exitCode = 1;
  }
} else if (written !== text) await writeFile(file, text);
