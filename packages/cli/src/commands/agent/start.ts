import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StartBody } from '@pipecat-cloud/contract/sessions';
import { agentName } from '../../lib/agent-name.js';
import type { CommandContext } from '../../lib/context.js';
import { readError, usageError } from '../../lib/errors.js';
import { readStdin } from '../../lib/stdin.js';
import { fields } from '../../lib/table.js';

export interface StartOptions {
  data?: string;
  dataFile?: string;
  transport?: 'websocket' | 'webrtc' | 'daily';
  useDaily?: boolean;
  dailyProperties?: string;
  apiKey?: string;
  waitSeconds?: number;
  idempotencyKey?: string;
  configFile?: string;
}

/**
 * `agent start`: with a public key, given or configured, as an application would; else with the user's own token, so
 * that one credential is enough.
 */
export async function startAgent(context: CommandContext, argument: string | undefined, options: StartOptions) {
  const name = await agentName(context, argument, options.configFile);
  const body = await requestBody(context, options);
  const key = options.apiKey ? { value: options.apiKey, from: '--api-key' } : (await context.settings()).publicKey;
  context.progress.step(`Starting a session of ${name}`);
  const once = options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey };
  const started = key
    ? await (await context.apiWith(key.value, { kind: 'key', from: key.from })).startPublic(name, body, once)
    : await (await context.api()).startSession(await context.org(), name, body, once);
  context.result(started, () => {
    // Members differ by transport, and servers may send more than the contract's.
    const more = Object.entries(started as Record<string, unknown>).filter(([label]) => label !== 'sessionId');
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
    const rows = more.map(([label, value]) => [label, text(value)] as const);
    return fields([['sessionId', started.sessionId], ...rows], context.colours.bold);
  });
  context.note(context.colours.dim(`Logs: pipecat cloud agent logs ${name} --session-id ${started.sessionId}`));
}

async function requestBody(context: CommandContext, options: StartOptions): Promise<StartBody> {
  if (options.data !== undefined && options.dataFile !== undefined) {
    throw usageError('Give the data once: --data or --data-file.');
  }
  const dailyProperties = options.useDaily ? options.dailyProperties : undefined;
  // Official clients look at it only then, so scripts may leave it where there is no room.
  if (options.dailyProperties !== undefined && !options.useDaily) {
    context.note('--daily-properties is left out: without --use-daily there is no room.');
  }
  const text = options.dataFile === undefined ? options.data : await readData(context, options.dataFile);
  return {
    createDailyRoom: options.useDaily === true,
    ...(text === undefined ? {} : { body: json(text, options.data === undefined ? '--data-file' : '--data') }),
    ...(options.waitSeconds === undefined ? {} : { waitSeconds: options.waitSeconds }),
    ...(options.transport === undefined ? {} : { transport: options.transport }),
    ...(dailyProperties === undefined ? {} : { dailyRoomProperties: properties(dailyProperties) }),
  };
}

async function readData({ io }: CommandContext, path: string): Promise<string> {
  if (path === '-') return readStdin(io, 'The data');
  const file = resolve(io.cwd, path);
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw readError(`The data file ${file}`, error);
  });
}

function properties(text: string): Record<string, unknown> {
  const value = json(text, '--daily-properties');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError('--daily-properties must be a JSON object.');
  }
  return value as Record<string, unknown>;
}

function json(text: string, flag: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(
      `${flag} is not valid JSON: ${(error as Error).message}.`,
      `For example: --data '{"caller": "abc"}'`,
    );
  }
}
