import { type ChainPoint, chainStart, createChainChecker } from '@pipecat-cloud/contract/audit-chain';
import type { Store } from '../db/store.js';
import { type ChainHead, installationChain, organizationOfChain } from './chain-head.js';

export interface Verification {
  ok: boolean;
  /** Good ones, up to the first problem. */
  records: number;
  from: number;
  to: number;
  headHash: string;
  problem?: { seq: number; what: string };
}
type Audit = Store['audit'];

const pageSize = 500;
const retries = 5;

/**
 * Walks a chain from where retention has cut it to its head, a page at a time: hashes, order, gaps, the head and its seal. Records
 * that are added meanwhile are left for the next time.
 */
export async function verifyChain(audit: Audit, chain: string): Promise<Verification> {
  for (let attempt = 0; ; attempt++) {
    const { head, newest } = await audit.state(chain);
    if (!head) return headless(newest);
    const found = await walk(audit, head, newest);
    // Retention may have removed what was about to be read; then the walk begins anew.
    if (found.ok || attempt === retries || (await audit.state(chain)).head?.anchor.seq === head.anchor.seq)
      return found;
  }
}

/** Every chain of the installation, and whether one is missing as a whole. */
export async function* verifyAll(audit: Audit): AsyncGenerator<{ chain: string } & Verification> {
  const chains = await audit.chains();
  for (const chain of chains) if (chain !== installationChain) yield { chain, ...(await verifyChain(audit, chain)) };
  const own = await verifyChain(audit, installationChain);
  const { head } = await audit.state(installationChain);
  // Counted again, because one may have been begun meanwhile.
  const heads = (await audit.chains()).filter((chain) => chain !== installationChain).length;
  const begun = head?.begun ?? 0;
  const lost =
    own.ok && begun !== heads
      ? { ok: false, problem: { seq: own.to, what: `${begun} chains of organizations were begun, ${heads} are there` } }
      : {};
  yield { chain: installationChain, ...own, ...lost };
}

async function walk(audit: Audit, { chain, head, anchor, ...rest }: ChainHead, newest: number | undefined) {
  const checker = createChainChecker({ ...anchor, organizationId: organizationOfChain(chain) });
  const answer = (problem?: { seq: number; what: string }): Verification => ({
    ok: problem === undefined,
    records: checker.state.records,
    from: head.seq === anchor.seq ? 0 : anchor.seq + 1,
    to: head.seq,
    headHash: head.hash,
    ...(problem ? { problem: { seq: problem.seq, what: problem.what } } : {}),
  });
  for (let last = anchor.seq; last < head.seq; ) {
    const page = await audit.page(chain, last, head.seq, pageSize);
    if (page.length === 0) break;
    for (const line of page) {
      const problem = checker.add(line);
      if (problem) return answer(problem);
      last = line.seq;
    }
  }
  const last: ChainPoint = checker.state.last ?? chainStart;
  return answer(
    last.seq < head.seq
      ? { seq: last.seq + 1, what: `records ${last.seq + 1} to ${head.seq}, the newest, are missing` }
      : (problemOfHead(last, { head, newest }) ?? problemOfSeal(audit, { chain, head, anchor, ...rest })),
  );
}

function problemOfHead(
  last: ChainPoint,
  { head, newest = head.seq }: { head: ChainPoint; newest: number | undefined },
) {
  if (newest > head.seq) return { seq: head.seq + 1, what: 'records stand after the head of the chain' };
  return last.hash === head.hash
    ? undefined
    : { seq: head.seq, what: 'the newest record is not the one that the head of the chain names' };
}

function problemOfSeal(audit: Audit, head: ChainHead) {
  if (audit.isSealed(head)) return undefined;
  const what =
    'the head of the chain does not carry the seal of this installation: the chain was rewritten, cut, or the keys were replaced';
  return { seq: head.head.seq, what };
}

function headless(newest: number | undefined): Verification {
  const what =
    newest === undefined ? 'the chain is gone: it has neither records nor a head' : 'the head of the chain is gone';
  return {
    ok: false,
    records: 0,
    from: 0,
    to: newest ?? 0,
    headHash: chainStart.hash,
    problem: { seq: newest ?? 0, what },
  };
}
