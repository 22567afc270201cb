import type { AuditRecord } from '@pipecat-cloud/contract/audit';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { dateTime } from '../../lib/format';
import { Address } from '../../ui/address';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { Empty, Failure, Loading } from '../../ui/states';
import { Table } from '../../ui/table';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { AuditFilters } from './audit-filters';
import { type AuditFilter, auditQuery } from './audit-queries';
import { ChainCard } from './chain-card';

const route = getRouteApi('/signed-in/orgs/$org/audit');

/** Who changed what, with which credential, from where; and who was refused. */
export function AuditPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Audit log" about="Who changed what, with which credential, from where; and who was refused.">
      <Permitted needs="audit:read" to="read the audit log">
        <AuditFilters
          key={JSON.stringify(filter)}
          filter={filter}
          onChange={(search) => void navigate({ search, replace: true })}
        />
        <Records filter={filter} />
        <ChainCard />
      </Permitted>
    </Page>
  );
}

function Records({ filter }: { filter: AuditFilter }) {
  const org = useOrg();
  const audit = useInfiniteQuery(auditQuery(org.name, filter));
  const records = audit.data?.pages.flatMap((page) => page.records) ?? [];
  const names = Object.assign({}, ...(audit.data?.pages.map((page) => page.names) ?? [])) as Record<string, string>;
  const filtered = Object.keys(filter).length > 0;
  return (
    <Card title="Records" about="Newest first. Values of secrets and tokens are in none.">
      {audit.isPending && <Loading what="records" />}
      {audit.isError && <Failure error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.data && records.length === 0 && (
        <Empty title={filtered ? 'No record matches' : 'Nothing was recorded yet'}>
          {filtered && 'Take a filter away, or look at a longer time.'}
        </Empty>
      )}
      {records.length > 0 && (
        <Table
          label="Records"
          rows={records}
          keyOf={({ id }) => id}
          columns={[
            {
              name: 'When',
              cell: ({ at, seq }) => (
                <>
                  <time dateTime={at}>{dateTime(at)}</time>
                  <span className="block text-muted">no. {seq}</span>
                </>
              ),
            },
            { name: 'What', cell: (record) => <What record={record} names={names} /> },
            { name: 'Who', cell: (record) => <Who record={record} names={names} /> },
            {
              name: 'From',
              cell: ({ address, userAgent, ciRun }) => (
                <>
                  <span className="font-mono text-[13px] whitespace-nowrap">{address ?? '—'}</span>
                  <span className="block text-muted wrap-anywhere">{ciRun ?? userAgent?.slice(0, 60)}</span>
                </>
              ),
            },
          ]}
        />
      )}
      {audit.hasNextPage && (
        <div className="border-t border-line px-4 py-3 text-center">
          <Button busy={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
            Older records
          </Button>
        </div>
      )}
    </Card>
  );
}

interface CellProps {
  record: AuditRecord;
  names: Readonly<Record<string, string>>;
}

function What({ record: { action, target, detail }, names }: CellProps) {
  return (
    <>
      <code className="font-mono text-[13px] font-medium wrap-anywhere">{action}</code>
      {target && <span className="block wrap-anywhere">{nameOf(target, detail, names)}</span>}
      {detail && (
        <details className="text-muted">
          <summary>Detail</summary>
          <pre className="mt-1 max-h-60 overflow-auto whitespace-pre-wrap font-mono text-xs wrap-anywhere">
            {JSON.stringify(detail, null, 2)}
          </pre>
        </details>
      )}
    </>
  );
}

/** What it is called now, else what it was called then, else its id. */
function nameOf(target: string, detail: AuditRecord['detail'], names: CellProps['names']): string {
  const then = detail?.name ?? detail?.email ?? detail?.url;
  return names[target] ?? (typeof then === 'string' ? then : target);
}

function Who({ record: { actorKind, actorId, credentialId }, names }: CellProps) {
  return (
    <>
      <span className="block min-w-36">
        <Address text={actorId ? (names[actorId] ?? actorId) : actorKind} />
      </span>
      <span className="block text-muted wrap-anywhere">
        {actorKind}
        {credentialId && `, ${names[credentialId] ?? credentialId}`}
      </span>
    </>
  );
}
