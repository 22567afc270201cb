import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import type { CommandContext } from '../../lib/context.js';
import { fileError, usageError, whyNot } from '../../lib/errors.js';
import { bytes, plural } from '../../lib/format.js';

export interface AuditExportOptions {
  file?: string;
  since?: string;
  until?: string;
}

/** `audit export`: the lines as the server sends them. A file appears whole or not at all. */
export async function exportAudit(context: CommandContext, options: AuditExportOptions) {
  const { since, until, file } = options;
  if (context.json && file === undefined) {
    throw usageError('The export is JSON lines by itself; with --json, name a file for it: --file PATH.');
  }
  const [api, org] = [await context.api(), await context.org()];
  const source = counted(
    api.exportAudit(org, { ...(since ? { since } : {}), ...(until ? { until } : {}) }),
    (count, size) => context.progress.detail(`${plural(count, 'record')}, ${bytes(size)}`),
  );
  if (file !== undefined || context.io.stdout.isTTY !== true) context.progress.step('Exporting the audit log …');
  if (file === undefined) {
    for await (const piece of source.pieces) await write(context, piece);
    context.progress.stop();
    return;
  }
  await toFile(file, source.pieces);
  const { records } = source.total();
  context.result({ file, records }, () => `${plural(records, 'record')} written to ${file}.`);
}

async function write({ io }: CommandContext, piece: Uint8Array): Promise<void> {
  if (!io.stdout.write(piece)) await once(io.stdout, 'drain');
}

/** Readable by its owner alone: it names people and their addresses. */
async function toFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.part`;
  const failed = (error: unknown) => fileError(`${path} cannot be written: ${whyNot(error)}.`, undefined, error);
  const handle = await open(unfinished, 'w', 0o600).catch((error: unknown) => {
    throw failed(error);
  });
  try {
    for await (const piece of pieces) {
      await handle.write(piece).catch((error: unknown) => {
        throw failed(error);
      });
    }
    await handle.close();
    await rename(unfinished, path);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
}

function counted(source: AsyncIterable<Uint8Array>, tell: (records: number, size: number) => void) {
  let [records, size] = [0, 0];
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      for (const byte of piece) if (byte === 10) records++;
      size += piece.length;
      tell(records, size);
      yield piece;
    }
  }
  return { pieces: pieces(), total: () => ({ records, size }) };
}
