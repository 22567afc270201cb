import { spawn } from 'node:child_process';
import { mayHoldCredential, type OnCredential, scanText } from '@pipecat-cloud/contract/credential-scan';
import { CliError } from '../errors.js';

/** A repository is somebody else's: nothing that its configuration names may run, and nothing is fetched. */
const gitOptions = [
  '--no-pager',
  '-c',
  'core.quotePath=false',
  '-c',
  'log.showSignature=false',
  '-c',
  'core.fsmonitor=false',
];
const logOptions = [
  'log',
  '--all',
  '--patch',
  '--cc',
  '--unified=0',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-show-signature',
  '--text',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--submodule=short',
  // Messages are indented, so that no line of one can pass for a header.
  '--format=commit %H%n%w(0,1,1)%B',
];
const longestLine = 16 * 1024 * 1024;

/**
 * Scans what the commits of every branch and tag have added, their messages included: what was taken out again is still in the
 * history. Names read `commit:path`. Returns how many commits there were.
 */
export async function scanHistory(
  directory: string,
  onCredential: (name: string, ...found: Parameters<OnCredential>) => void,
  onCommit: (count: number) => void = () => {},
): Promise<number> {
  const reader = createLogReader(onCredential, onCommit);
  const child = spawn('git', [...gitOptions, '-C', directory, ...logOptions], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, GIT_NO_LAZY_FETCH: '1', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 2000) complaint += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // Listened to below, once the output has been read.
  ended.catch(() => undefined);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) reader.write(chunk);
  reader.end();
  const code = await ended.catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'git is not on the path' : error.message;
    throw failed(`${directory} has a history that can't be read: ${why}.`);
  });
  if (code !== 0) throw failed(`The history of ${directory} can't be read: ${firstLine(complaint)}.`);
  return reader.commits();
}

const failed = (message: string) =>
  new CliError(message, { code: 'NO_HISTORY', hint: 'Name a folder inside a git repository, or leave --git out.' });
const firstLine = (text: string) => text.trim().split('\n')[0]?.replace(/\.$/, '') || 'git gave no reason';

/** Understands the output of `git log` above, line by line, with one character for each byte. */
function createLogReader(
  onCredential: (name: string, ...found: Parameters<OnCredential>) => void,
  onCommit: (count: number) => void,
) {
  let rest = '';
  let commits = 0;
  let commit = '';
  let path: string | undefined;
  /** Columns of + and - before a line of a diff: one for each parent. */
  let columns = 1;
  let inHunk = false;
  let line = 0;

  function scan(text: string, name: string, at: number): void {
    if (!mayHoldCredential(text)) return;
    scanText(text, (finding, value) => onCredential(name, { ...finding, line: at }, value));
  }

  function take(text: string): void {
    if (text.startsWith('commit ')) {
      commit = text.slice(7, 19);
      path = undefined;
      inHunk = false;
      line = 0;
      onCommit(++commits);
    } else if (text.startsWith('diff ')) {
      path = '';
      inHunk = false;
    } else if (path === undefined) {
      scan(text.slice(1), `${commit}:message`, ++line);
    } else if (text.startsWith('@@')) {
      inHunk = true;
      columns = Math.max(1, text.indexOf(' ') - 1);
      line = Number(/ \+(\d+)/.exec(text)?.[1] ?? 0);
    } else if (!inHunk) {
      if (text.startsWith('+++ ')) path = Buffer.from(text.slice(4).replace(/^b\//, ''), 'latin1').toString('utf8');
    } else {
      const signs = text.slice(0, columns);
      if (signs.includes('+')) scan(text.slice(columns), `${commit}:${path}`, line);
      if (!signs.includes('-')) line++;
    }
  }

  return {
    commits: () => commits,
    write(chunk: Buffer): void {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) take(text);
      // A file without line ends is scanned in parts that overlap by more than a token.
      if (rest.length > longestLine) {
        take(rest);
        rest = rest.slice(0, columns) + rest.slice(-100);
      }
    },
    end(): void {
      if (rest !== '') take(rest);
    },
  };
}
