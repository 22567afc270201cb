import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionDetail } from '@pipecat-cloud/contract/sessions';
import type { Cli } from './cli.js';
import { inRoot, temporaryFolder } from './paths.js';
import { until } from './wait.js';

/** Copies an agent's folder (relative to the checkout) to a place of its own, as a person has it. */
export function copyAgent(path: string): string {
  const folder = join(temporaryFolder('agent'), 'agent');
  cpSync(inRoot(path), folder, {
    recursive: true,
    filter: (source) => !/node_modules|__pycache__|\.venv/.test(source),
  });
  return folder;
}

/** Starts a plain session and resolves to its id. */
export async function startSession(cli: Cli, agent: string, body: object = {}): Promise<string> {
  const { sessionId } = await cli.json<{ sessionId: string }>([
    'agent',
    'start',
    agent,
    '--data',
    JSON.stringify(body),
  ]);
  return sessionId;
}

export async function sessionOf(cli: Cli, agent: string, id: string): Promise<SessionDetail> {
  return await cli.json<SessionDetail>(['agent', 'sessions', agent, '--id', id]);
}

/** Resolves with the session once it has ended. */
export function sessionEnds(cli: Cli, agent: string, id: string, deadlineMs?: number): Promise<SessionDetail> {
  return until(
    `session ${id} ends`,
    async () => {
      const session = await sessionOf(cli, agent, id);
      return session.state === 'ended' ? session : undefined;
    },
    deadlineMs,
  );
}

/** The lines of one session as the command line prints them. */
export async function logsOf(cli: Cli, agent: string, session: string): Promise<string> {
  return (await cli.ok(['agent', 'logs', agent, '--session-id', session, '--limit', '10000'])).stdout;
}

/** Resolves with a session's log once it has all of these in it. */
export function logsHave(cli: Cli, agent: string, session: string, ...texts: string[]): Promise<string> {
  return until(`the log of session ${session} has ${texts.join(', ')}`, async () => {
    const text = await logsOf(cli, agent, session);
    return texts.every((each) => text.includes(each)) && text;
  });
}
