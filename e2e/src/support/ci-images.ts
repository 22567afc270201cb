import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Engine } from '@pipecat-cloud/worker/engine/engine';
import { hasImage, imageOf } from '@pipecat-cloud/worker/testing/test-images';
import { temporaryFolder } from './paths.js';

// What stands in for images of a registry: programs of this machine, where the real ones have theirs.

const busybox = process.env.PIPECAT_CLOUD_TEST_BUSYBOX ?? '/bin/busybox';
/** `env` is where the first line of a script looks for it. */
const setUp = (...lines: string[]) =>
  ['set -e', '/app/busybox --install -s /bin', 'mkdir -p /usr/bin', 'ln -s /bin/env /usr/bin/env', ...lines].join('\n');
const also = (...lines: string[]) => ['RUN ["/app/busybox", "sh", "/app/set-up.sh"]', ...lines].join('\n');

/** Makes an image under a registry's name unless the engine has one, which is then used as it is. Tells whether it made it. */
async function standIn(engine: Engine, name: string, make: () => Promise<string>): Promise<boolean> {
  if (await hasImage(engine, name)) return false;
  await make();
  return true;
}

/** A shell, Node.js and npm. */
export function nodeStandIn(engine: Engine, name: string): Promise<boolean> {
  return standIn(engine, name, () => {
    const program = execFileSync('sh', ['-c', 'command -v npm'], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
    const npm = join(realpathSync(program.toString().trim()), '../..');
    const link = (command: string) => `ln -s /app/npm/bin/${command}-cli.js /bin/${command}`;
    const files = { 'set-up.sh': setUp(link('npm'), link('npx')) };
    return imageOf(engine, name, files, { also: also(), folders: { busybox, npm } });
  });
}

/** A shell and Python with its standard library. */
export function pythonStandIn(engine: Engine, name: string, python: string): Promise<boolean> {
  return standIn(engine, name, () => {
    const asked =
      'import os, sys, sysconfig; print(os.path.realpath(sys.executable)); print(sysconfig.get_path("stdlib"))';
    const [program = '', library = ''] = execFileSync(python, ['-I', '-c', asked]).toString().trim().split('\n');
    const copy = temporaryFolder('library');
    const left = /^(__pycache__|site-packages|dist-packages|test|idlelib|tkinter|ensurepip|config-.*)$/;
    cpSync(library, copy, { recursive: true, filter: (source) => source === library || !left.test(basename(source)) });
    const modules = readdirSync(join(library, 'lib-dynload')).map((name) => join(library, 'lib-dynload', name));
    const loaded = execFileSync('ldd', [program, ...modules])
      .toString()
      .matchAll(/=>\s+(\/\S+)/g);
    const libraries = [...loaded].map(([, path = '']) => [`shared/${basename(path)}`, path]);
    const files = { 'set-up.sh': setUp('ln -s /app/python /bin/python3') };
    const folders = { busybox, python: program, [`lib/${basename(library)}`]: copy, ...Object.fromEntries(libraries) };
    return imageOf(engine, name, files, { also: also('ENV PYTHONHOME=/app LD_LIBRARY_PATH=/app/shared'), folders });
  });
}
