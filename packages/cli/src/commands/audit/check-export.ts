import { createReadStream } from 'node:fs';
import { type ChainProblem, createChainChecker, readLine } from '@pipecat-cloud/contract/audit-chain';
import { readError } from '../../lib/errors.js';

export interface CheckedExport {
  records: number;
  from: number | undefined;
  to: number | undefined;
  headHash: string | undefined;
  /** What the file shows, and what no file alone can show, in sentences. */
  proven: string[];
  notProven: string[];
  problem?: { seq: number; what: string };
}

/** Far more than a record takes: a file that is something else is given up soon. */
const lineLimit = 1024 * 1024;

/** Checks an export without the server, line by line. `head` is the hash of a record that must be in it. */
export async function checkExport(file: string, head: string | undefined): Promise<CheckedExport> {
  const checker = createChainChecker();
  let headAt: number | undefined;
  let problem: Omit<ChainProblem, 'hash'> | undefined;
  let lines = 0;
  for await (const text of linesOf(file)) {
    lines++;
    const record = readLine(text);
    if (record?.hash === head) headAt = record?.seq;
    problem = record ? checker.add(record) : unreadable(checker.state.last?.seq, lines);
    if (problem) break;
  }
  const { records, from, last } = checker.state;
  if (!problem && head !== undefined && headAt === undefined) {
    problem = { seq: last?.seq ?? 0, what: 'the record with the hash given by --head is not in the file' };
  }
  return {
    records,
    from,
    to: last?.seq,
    headHash: last?.hash,
    ...statements({ records, from, to: last?.seq, headAt, head }),
    ...(problem ? { problem: { seq: problem.seq, what: problem.what } } : {}),
  };
}

function unreadable(last: number | undefined, line: number): { seq: number; what: string } {
  return { seq: (last ?? 0) + 1, what: `line ${line} is not a record in the form that exports have` };
}

interface Facts {
  records: number;
  from: number | undefined;
  to: number | undefined;
  headAt: number | undefined;
  head: string | undefined;
}

function statements({ records, from = 0, to = 0, headAt, head }: Facts): Pick<CheckedExport, 'proven' | 'notProven'> {
  const proven: string[] = [];
  const notProven: string[] = [];
  if (records > 0) {
    proven.push('every record fits its hash and follows the one before it; none is missing in between');
    if (from === 1) proven.push('it begins with the first record of the organization');
    else notProven.push(`what records 1 to ${from - 1} were: they are not in this file`);
  }
  if (head === undefined) {
    notProven.push(
      'that the newest records are all here: compare the last hash with one kept elsewhere, or pass --head',
    );
    notProven.push(
      "that the file was not made up as a whole: that takes a hash kept elsewhere, or 'audit verify' without --file",
    );
  } else if (headAt !== undefined) {
    proven.push(`everything up to record ${headAt} is what it was when the hash of --head was taken`);
    if (headAt < to)
      notProven.push(`that records ${headAt + 1} to ${to} are all there were: they are newer than --head`);
  }
  return { proven, notProven };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const piece of createReadStream(file, { encoding: 'utf8' })) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > lineLimit) break;
    }
  } catch (error) {
    throw readError(file, error);
  }
  // A whole export ends with a line end.
  if (rest !== '') yield rest;
}
