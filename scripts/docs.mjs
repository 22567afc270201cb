// npm run docs: writes the pages of docs/ that are made from what the processes themselves read. With --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandPage } from './lib/command-docs.mjs';
import { root } from './lib/main.mjs';

const load = (path) => import(pathToFileURL(join(root, path)).href);

const table = ({ variables }) =>
  ['| variable | default | what |', '|---|---|---|']
    .concat(
      Object.entries(variables).map(
        ([name, { default: value, about }]) => `| \`${name}\` | ${value ? `\`${value}\`` : ''} | ${about} |`,
      ),
    )
    .join('\n');

const settings = async () => `# Settings

Environment variables, read once at the start. A wrong value stops the start with every problem listed. This page is made by \`npm run docs\`.

## Control plane

${table(await load('packages/server/dist/config/env.js'))}

## Worker

${table(await load('packages/worker/dist/env.js'))}
`;

const commands = async () => {
  const { loadProgram, loadJsonDescriptions } = await load('packages/cli/build.mjs');
  return commandPage(await loadProgram(), await loadJsonDescriptions());
};

async function page(name, text) {
  const file = join(root, 'docs', name);
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  if (process.argv.includes('--check')) {
    process.stderr.write(`docs/${name} is out of date. Run: npm run docs\n`);
    process.exitCode = 1;
  } else await writeFile(file, text);
}

await page('configuration.md', await settings());
await page('cli.md', await commands());
