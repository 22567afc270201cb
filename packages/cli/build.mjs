import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Importing a part of Node.js changes nothing by itself, so unused imports of it may go; and commander wants
 * child_process only for commands that are programs of their own, which there are none of. Both save start-up time.
 */
const lightImports = {
  name: 'light-imports',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/commander/') ? { path: 'child_process', namespace: 'unused' } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }));
    builder.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
  },
};

/**
 * Bundles the command line. Commands become chunks that load when they run, so that start-up reads little.
 * The contract is taken from its sources: a bundle never mixes in a stale build of it.
 */
export async function buildCli(outdir = here('dist')) {
  const { version } = JSON.parse(await readFile(here('package.json'), 'utf8'));
  // Chunk names carry hashes; without this, old ones pile up. Type declarations in dist/types stay.
  await rm(`${outdir}/chunks`, { recursive: true, force: true });
  await build({
    entryPoints: [here('src/bin.ts')],
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    // Names appear in error messages of libraries and in reports of crashes.
    keepNames: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'linked',
    logLevel: 'warning',
    plugins: [lightImports],
    alias: { '@pipecat-cloud/contract': here('../contract/src') },
    define: { CLI_VERSION: JSON.stringify(version) },
    // commander is CommonJS and requires parts of Node.js. Nothing else is left to require in a bundle.
    banner: { js: 'const require = process.getBuiltinModule;' },
  });
}

/** The command tree as commander holds it, for documentation. Its handlers are left out. */
export async function loadProgram() {
  const folder = await mkdtemp(join(tmpdir(), 'pipecat-cli-tree-'));
  try {
    await build({
      entryPoints: [here('src/program.ts')],
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'warning',
      external: ['../commands/*', './commands/*'],
      alias: { '@pipecat-cloud/contract': here('../contract/src') },
      banner: { js: 'const require = process.getBuiltinModule;' },
    });
    const { createProgram } = await import(pathToFileURL(join(folder, 'program.mjs')).href);
    const nothing = () => undefined;
    const io = { executable: 'pipecat', stdout: {}, stderr: {} };
    return createProgram({ io, begin: nothing, writeOut: nothing, writeErr: nothing });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `--json` prints: of each command, and what the names in it stand for. As text, for documentation. */
export async function loadJsonDescriptions() {
  const folder = await mkdtemp(join(tmpdir(), 'pipecat-cli-json-'));
  try {
    await build({
      stdin: {
        contents: `
          import { printResult, printSchema } from './src/json/print-schema.ts';
          import { jsonResults } from './src/json/results.ts';
          import { shapes } from './src/json/shapes.ts';
          const map = (all, print) => Object.fromEntries(Object.entries(all).map(([name, one]) => [name, print(one)]));
          export const results = map(jsonResults, printResult);
          export const named = map(shapes, printSchema);`,
        resolveDir: here('.'),
      },
      outfile: join(folder, 'json.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'warning',
      alias: { '@pipecat-cloud/contract': here('../contract/src') },
    });
    return await import(pathToFileURL(join(folder, 'json.mjs')).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildCli(process.argv[2]);
