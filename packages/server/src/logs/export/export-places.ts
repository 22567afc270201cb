import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { writePrivateFile } from '../../config/private-file.js';

export type ExportPlaces = Awaited<ReturnType<typeof openExportPlaces>>;

const writeAfterMs = 1000;

/**
 * How far an export is with each agent, in a file. Written now and then: after a crash some lines are sent again. `since` is where an
 * export that begins now starts with each agent, so that turning one on does not send a month of lines. The file is left as it is
 * once `isOurs` says no.
 */
export async function openExportPlaces(
  path: string,
  log: Pick<Logger, 'warn'>,
  since: () => Promise<[string, string][]>,
  isOurs: () => boolean,
) {
  const kept = await readKept(path, log);
  const places = new Map<string, string>(kept ?? (await since()));
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(async () => {
      if (!isOurs()) return;
      await writePrivateFile(path, JSON.stringify(Object.fromEntries(places))).catch((err: unknown) =>
        log.warn({ err, path }, 'how far an export of logs is could not be noted; lines may be sent again'),
      );
    });
    return writing;
  }
  if (!kept) await write();

  return {
    of: (agentId: string): string | undefined => places.get(agentId),
    async set(agentId: string, cursor: string): Promise<void> {
      places.set(agentId, cursor);
      timer ??= setTimeout(() => void write(), writeAfterMs).unref();
    },
    close: (): Promise<void> => (timer ? write() : writing),
  };
}

async function readKept(path: string, log: Pick<Logger, 'warn'>): Promise<[string, string][] | undefined> {
  try {
    return Object.entries(JSON.parse(await readFile(path, 'utf8')) as Record<string, string>);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err, path }, 'how far an export of logs was cannot be read; it goes on with what comes from now on');
    return undefined;
  }
}
