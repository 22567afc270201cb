import type { AuditList, AuditQuery, AuditRange, AuditVerification } from '@pipecat-cloud/contract/audit';
import { type AuditLine, exportedLine } from '@pipecat-cloud/contract/audit-chain';
import type { Store } from '../db/store.js';
import { badRequest, conflict } from '../errors.js';
import { verifyChain } from './chain-check.js';

const pageSize = 500;

/** What people with `audit:read` see of their organization's chain. */
export function createAuditReader({ audit, accounts }: Pick<Store, 'audit' | 'accounts'>) {
  /** One walk at a time for a chain; whoever asks meanwhile gets its answer. */
  const walks = new Map<string, Promise<AuditVerification>>();

  async function* pages(organizationId: string, first: number, last: number): AsyncGenerator<AuditLine[]> {
    for (let at = first - 1; at < last; ) {
      const page = await audit.page(organizationId, at, last, pageSize);
      // A gap is for the reader of the export to find, unless retention has made it just now.
      if (page[0]?.seq !== at + 1 && ((await audit.state(organizationId)).head?.anchor.seq ?? 0) > at) {
        throw conflict('Retention removed records during the export; export again');
      }
      if (page.length === 0) return;
      yield page;
      at = page.at(-1)?.seq ?? last;
    }
  }

  return {
    /** Newest first. 400 for a time that is none. */
    async list(organizationId: string, query: AuditQuery): Promise<AuditList> {
      const { cursor, limit = 100, since, until, actor, ...filter } = query;
      const times = { since: timeOf('since', since), until: timeOf('until', until) };
      // People are known by their address; records hold ids, which outlive it.
      const person = actor?.includes('@') ? await accounts.findByEmail(actor) : undefined;
      const wanted = { ...filter, ...times, actor: person?.id ?? actor };
      const found = await audit.search(organizationId, wanted, { cursor, limit: limit + 1 });
      const records = found.slice(0, limit);
      return {
        records,
        names: await audit.names.of(organizationId, records),
        nextCursor: found.length > limit ? (records.at(-1)?.seq ?? null) : null,
      };
    },

    /** Lines of JSON, oldest first, a page of them at a time. Without gaps, so a record next to the borders of the time may come too. */
    async export(organizationId: string, { since, until }: AuditRange): Promise<AsyncGenerator<string>> {
      const span = await audit.span(organizationId, { since: timeOf('since', since), until: timeOf('until', until) });
      return (async function* () {
        if (!span) return;
        for await (const page of pages(organizationId, span.first, span.last)) {
          yield page.map((line) => `${exportedLine(line)}\n`).join('');
        }
      })();
    },

    async verify(organizationId: string): Promise<AuditVerification> {
      const running = walks.get(organizationId);
      if (running) return await running;
      const walk = verifyChain(audit, organizationId).finally(() => walks.delete(organizationId));
      walks.set(organizationId, walk);
      return await walk;
    },
  };
}
export type AuditReader = ReturnType<typeof createAuditReader>;

function timeOf(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw badRequest(`${name} is not a time; write it as 2026-05-04T10:00:00Z`);
  return time;
}
