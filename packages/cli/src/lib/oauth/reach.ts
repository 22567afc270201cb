import { existsSync } from 'node:fs';
import type { Io } from '../io.js';

/** Why no browser of the person can come back to this machine; undefined where one can. */
export function whyNoBrowser({ env, platform }: Pick<Io, 'env' | 'platform'>, exists = existsSync): string | undefined {
  // Editors that work on remote machines set it to a helper that shows the page, and brings the answer back, where the person sits.
  if (env.BROWSER) return undefined;
  if (env.SSH_CONNECTION || env.SSH_TTY || env.SSH_CLIENT) return 'this is an SSH session';
  if (env.KUBERNETES_SERVICE_HOST || env.CODESPACES || env.REMOTE_CONTAINERS) return 'this runs in a container';
  if (platform === 'linux' && (exists('/.dockerenv') || exists('/run/.containerenv')))
    return 'this runs in a container';
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return 'there is no display';
  return undefined;
}

/** Asks the system to show a page. False where that could not even be tried; a browser that does not come up can't be seen from here. */
export async function openBrowser(url: string, { env, platform }: Pick<Io, 'env' | 'platform'>): Promise<boolean> {
  const [command, ...args] = openerOf(env, platform);
  // By this way because the bundle leaves the module out of every other file.
  const { spawn } = process.getBuiltinModule('node:child_process');
  return await new Promise((resolve) => {
    const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore', windowsHide: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

/** No shell is involved, so nothing in the address can be read as a command. */
function openerOf(env: Io['env'], platform: NodeJS.Platform): [string, ...string[]] {
  if (env.BROWSER && !/\s/.test(env.BROWSER)) return [env.BROWSER];
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return ['xdg-open'];
}
