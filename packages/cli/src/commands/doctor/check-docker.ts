import { spawn } from 'node:child_process';
import type { CommandContext } from '../../lib/context.js';
import { type Check, passed, warned } from '../auth/check-result.js';

const timeoutMs = 10_000;

/** The engine of this machine, which only `docker build-push` needs: never a failure. */
export async function checkDocker(context: CommandContext): Promise<Check> {
  const server = await ask(context, ['version', '--format', '{{.Server.Version}}']);
  const only = "Only 'pipecat cloud docker build-push' needs it; 'pipecat cloud deploy' builds on the server.";
  if (server === undefined) return passed('docker', 'Docker is not installed here; deploying does not need it');
  if (!server.ok)
    return warned('docker', 'Docker is installed here, and its engine does not answer', `Start it. ${only}`);
  const buildx = await ask(context, ['buildx', 'version']);
  if (buildx?.ok) return passed('docker', `Docker ${server.text} with buildx`);
  return passed('docker', `Docker ${server.text}, without buildx: it builds images for this machine only`);
}

/** Undefined where there is no such program. */
function ask({ io }: CommandContext, args: string[]): Promise<{ ok: boolean; text: string } | undefined> {
  return new Promise((resolve) => {
    const child = spawn('docker', args, {
      env: io.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    // Not the option of spawn: where there is no such program, its timer keeps this process waiting.
    const timer = setTimeout(() => child.kill(), timeoutMs).unref();
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ok: code === 0, text: text.trim() });
    });
  });
}
