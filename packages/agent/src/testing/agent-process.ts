import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** How to start the contract bot on one of the bases. */
export interface AgentCommand {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export type AgentProcess = Awaited<ReturnType<typeof startAgent>>;

const START_MS = 60_000;
const WAIT_MS = 60_000;

/** Starts the agent as the platform does and resolves when it answers, or when it has exited by itself. */
export async function startAgent(command: AgentCommand, env: Record<string, string> = {}) {
  const port = Number(env.PORT ?? (await freePort()));
  const [file, ...args] = command.argv;
  const child = spawn(file, args, {
    cwd: command.cwd,
    env: { PATH: process.env.PATH, ...command.env, HOST: '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
  }
  const lines = () => text.split('\n');
  const url = `http://127.0.0.1:${port}`;

  const answers = () => fetch(`${url}/livez`).then((response) => response.ok, () => false); // biome-ignore format: short
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  await until(`the agent to answer:\n${text}`, async () => ended || (await answers()), START_MS);

  return {
    url,
    wsUrl: `ws://127.0.0.1:${port}/ws`,
    port,
    /** The exit code, or the name of the signal that ended it. */
    exited,
    lines,
    /** Resolves with the first line that has all of `parts`. */
    async line(...parts: string[]): Promise<string> {
      const find = () => lines().find((line) => parts.every((part) => line.includes(part)));
      return until(`a line with ${parts.join(' and ')} in:\n${text}`, find);
    },
    signal: (name: NodeJS.Signals) => child.kill(name),
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      await exited;
    },
    /** Whether something still listens on the port. */
    async accepts(): Promise<boolean> {
      const socket = connect(port, '127.0.0.1');
      const accepted = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'error').then(() => false, () => false), // biome-ignore format: short
      ]).catch(() => false);
      socket.destroy();
      return accepted;
    },
  };
}

/** Polls until `check` gives something truthy; `what` says what was waited for in vain. */
export async function until<T>(what: string, check: () => T | Promise<T>, ms = WAIT_MS): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
