import { resolve } from 'node:path';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { CommandContext } from '../../lib/context.js';
import { CliError, usageError } from '../../lib/errors.js';
import { bytes, plural } from '../../lib/format.js';
import { scanStream } from '../../lib/scan/scan-file.js';
import { type ScanCounts, scanPath } from '../../lib/scan/scan-folder.js';
import { scanHistory } from '../../lib/scan/scan-history.js';
import { type Collection, createCollection, foundLine, shownLimit } from './found.js';
import { reportedLine, sendReport } from './send-report.js';

export interface ScanOptions {
  stdin?: boolean;
  git?: boolean;
  report?: boolean;
  yes?: boolean;
}

/** `token scan`: looks for credentials of this product, offline. Exit 1 when one with the right checksum was found, 0 when not. */
export async function scanForTokens(context: CommandContext, path: string | undefined, options: ScanOptions) {
  if (options.stdin && (path !== undefined || options.git)) {
    throw usageError('--stdin scans standard input: leave out the path and --git.');
  }
  const collection = createCollection();
  const counts = options.stdin
    ? await scanInput(context, collection)
    : await scanPlaces(context, collection, path ?? '.', options.git === true);
  context.progress.stop();
  warnOfGaps(context, counts);

  const { found } = collection;
  const summary = `${plural(collection.real(), 'credential')} in ${plural(counts.files, 'file')}, ${bytes(counts.bytes)}`;
  if (!context.json && found.length > 0) context.io.stdout.write(`${found.map(foundLine).join('\n')}\n`);
  if (found.length === shownLimit) context.warn(`only the first ${shownLimit} are shown`);
  const reported =
    options.report && collection.values.size > 0 ? await sendReport(context, collection.values, options) : undefined;
  if (reported && !context.json) context.io.stdout.write(`${reported.map(reportedLine).join('\n')}\n`);

  const data = { found, credentials: collection.real(), scanned: scannedOf(counts), ...(reported ? { reported } : {}) };
  if (collection.real() > 0) {
    throw new CliError(`Found ${summary}.`, {
      code: 'CREDENTIALS_FOUND',
      hint: reported
        ? 'Make new ones where they were used, and take these out of the files and of their history.'
        : 'Whoever can read these files can use them. To revoke them at once: pipecat cloud token scan --report. All steps: docs/leaks.md',
      data,
    });
  }
  if (counts.cut.length > 0) {
    throw new CliError('Nothing was found, but not everything was read.', { code: 'INCOMPLETE', data });
  }
  context.result(data, () => `No credentials found (${summary}).`);
}

async function scanInput({ io }: CommandContext, collection: Collection): Promise<ScanCounts> {
  if (io.stdin.isTTY) throw usageError('Standard input is a terminal: pipe in what is to be scanned.');
  const read = await scanStream(io.stdin as AsyncIterable<Buffer>, (...found) => collection.add('stdin', ...found));
  return { files: 1, bytes: read, skipped: 0, unreadable: [], cut: [] };
}

async function scanPlaces(
  { io, progress }: CommandContext,
  collection: Collection,
  path: string,
  history: boolean,
): Promise<ScanCounts> {
  const full = resolve(io.cwd, path);
  progress.step(redact(`Scanning ${path}`));
  const counts = await scanPath(full, named(path, full, collection), (so) =>
    progress.detail(`(${plural(so.files, 'file')}, ${bytes(so.bytes)})`),
  );
  if (history) {
    progress.step(redact(`Scanning the history of ${path}`));
    // The same line in many commits is one finding, at the newest.
    const seen = new Set<string>();
    await scanHistory(
      full,
      (name, finding, value) => {
        const key = `${name.slice(name.indexOf(':'))} ${value}`;
        if (!seen.has(key)) collection.add(name, finding, value);
        seen.add(key);
      },
      (count) => progress.detail(`(${plural(count, 'commit')})`),
    );
  }
  return counts;
}

/** A single file is named as it was given, not by its whole path. */
function named(path: string, full: string, { add }: Collection): Collection['add'] {
  return (file, ...found) => add(file === full ? path : file, ...found);
}

function warnOfGaps(context: CommandContext, { unreadable, cut }: ScanCounts): void {
  const few = (list: readonly string[]) => `${list.slice(0, 3).join('; ')}${list.length > 3 ? '; …' : ''}`;
  if (unreadable.length > 0) context.warn(`${plural(unreadable.length, 'path')} could not be read: ${few(unreadable)}`);
  if (cut.length > 0) context.warn(`not read to the end: ${few(cut)}`);
}

function scannedOf({ files, bytes: read, skipped, unreadable, cut }: ScanCounts) {
  return { files, bytes: read, skipped, unreadable: unreadable.length, cut: cut.length };
}
