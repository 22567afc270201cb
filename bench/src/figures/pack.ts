import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { runNode, runProgram } from '../commands.js';
import { plainEnvironment, root } from '../environment.js';
import type { Figure, Measurement } from '../figure.js';
import { obtainOfficialClient } from '../official-client.js';
import { spreadOf } from '../statistics.js';
import { writeContext } from './pack-context.js';

const rounds = 3;
const files = 5000;
const bytes = 200_000_000;

interface Packed {
  seconds: number;
  /** Highest resident memory, in MB of 1,000,000 bytes. */
  memoryMb: number;
  files: number;
  archiveMb: number;
}

/** Listing, packing and hashing a folder, each client in a process of its own, from its start to its end. */
export const pack: Figure = {
  name: 'pack',
  about: 'time to pack and hash 200 MB in 5,000 files, as a share of that of the published command line',
  async measure({ resources, progress }) {
    const official = await obtainOfficialClient();
    if ('reason' in official) {
      progress(`skipped: ${official.reason}`);
      return [];
    }
    const folder = await resources.folder('pack');
    const context = join(folder, 'context');
    mkdirSync(context);
    progress(`writing ${files} files`);
    writeContext(context, { files, bytes });
    const half = join(folder, 'half');
    mkdirSync(half);
    writeContext(half, { files: files / 2, bytes: bytes / 2 });
    const ourScript = await bundle(folder);
    const theirScript = join(folder, 'their-pack.py');
    writeFileSync(theirScript, theirPacking);

    const options = { env: plainEnvironment({ HOME: folder, TMPDIR: folder }), cwd: folder };
    const ours = async (what = context) => read(await runNode(resources, [ourScript, what], options));
    const theirs = async () => read(await runProgram(resources, official.python, [theirScript, context], options));
    const measured: { ours: Packed; theirs: Packed }[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      measured.push({ ours: await ours(), theirs: await theirs() });
    }
    const [first] = measured;
    if (first?.ours.files !== first?.theirs.files) throw new Error('The two do not pack the same files');
    const growth = measured.map((round) => round.ours.memoryMb);
    const ofHalf = (await ours(half)).memoryMb;
    return results(measured, official.version, growth, ofHalf);
  },
};

function results(
  measured: readonly { ours: Packed; theirs: Packed }[],
  version: string,
  memory: readonly number[],
  ofHalf: number,
): Measurement[] {
  const median = (of: (round: (typeof measured)[number]) => number) => spreadOf(measured.map(of)).median.toFixed(1);
  const time = spreadOf(measured.map(({ ours, theirs }) => ours.seconds / theirs.seconds));
  const flat = spreadOf(memory.map((mb) => mb / ofHalf));
  return [
    {
      ...{ name: 'pack', unit: 'x', goal: { kind: 'atMost', value: 0.5 }, value: time.median },
      ...{ min: time.min, max: time.max, rounds },
      note: `${median(({ ours }) => ours.seconds)} s against ${median(({ theirs }) => theirs.seconds)} s for pipecatcloud ${version}; ${median(({ ours }) => ours.archiveMb)} MB against ${median(({ theirs }) => theirs.archiveMb)} MB`,
    },
    {
      // Twice the files must not take more memory; the rest is what the garbage collector makes of it.
      ...{ name: 'pack-memory', unit: 'x', goal: { kind: 'atMost', value: 1.1 }, value: flat.median },
      ...{ min: flat.min, max: flat.max, rounds },
      note: `${spreadOf(memory).median.toFixed(0)} MB at most, ${ofHalf.toFixed(0)} MB for half of the files, against ${median(({ theirs }) => theirs.memoryMb)} MB for pipecatcloud ${version}`,
    },
  ];
}

function read({ stdout, ms }: { stdout: string; ms: number }): Packed {
  return { ...(JSON.parse(stdout) as Omit<Packed, 'seconds'>), seconds: ms / 1000 };
}

/** What `deploy` does with the files before it asks the server for a build, the search for credentials in them included. */
const ourPacking = `
  import { refuseCredentials } from './packages/cli/src/commands/deploy/context-credentials.ts';
  import { excluder, exclusionsFor } from './packages/cli/src/lib/pack/ignore.ts';
  import { listFiles } from './packages/cli/src/lib/pack/list-files.ts';
  import { pack } from './packages/cli/src/lib/pack/pack.ts';
  const folder = process.argv[2];
  const files = listFiles(folder, excluder((await exclusionsFor(folder, [])).patterns));
  await refuseCredentials({}, files);
  const { sizeBytes, discard } = await pack(files);
  await discard();
  const memoryMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
  console.log(JSON.stringify({ memoryMb, files: files.length, archiveMb: sizeBytes / 1e6 }));
`;

const theirPacking = `
import json, resource, sys
from pathlib import Path
from pipecatcloud._utils.build_utils import create_deterministic_tarball, get_exclusions
folder = sys.argv[1]
packed = create_deterministic_tarball(folder, get_exclusions(Path(folder)))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(json.dumps({"memoryMb": memory, "files": packed.file_count, "archiveMb": len(packed.tarball) / 1e6}))
`;

/** The command line is one bundle without parts to import, so its sources are bundled once more, with another beginning. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'our-pack.mjs');
  await build({
    stdin: { contents: ourPacking, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    alias: { '@pipecat-cloud/contract': join(root, 'packages/contract/src') },
    define: { CLI_VERSION: '"bench"' },
  });
  return outfile;
}
