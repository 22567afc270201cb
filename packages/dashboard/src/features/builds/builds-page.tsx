import type { Build, BuildStatus } from '@pipecat-cloud/contract/builds';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { count, duration } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { SelectField } from '../../ui/field';
import { nameLink } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { buildsQuery, isOpen, pageSize } from './build-queries';
import { askedBy, buildState, sizeWords, statusWords } from './build-words';
import { CancelBuildDialog } from './cancel-build-dialog';

const route = getRouteApi('/signed-in/orgs/$org/builds');
const statuses = Object.keys(statusWords) as BuildStatus[];

/** What was built of uploaded folders, newest first. */
export function BuildsPage() {
  return (
    <Page title="Builds" about="What a deploy makes of a folder, before it becomes a deployment.">
      <Permitted needs="builds:read" to="see builds">
        <Builds />
      </Permitted>
    </Page>
  );
}

function Builds() {
  const org = useOrg();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const status = statuses.find((known) => known === search.status);
  const offset = Math.max(0, Math.floor(Number(search.offset ?? 0)) || 0);
  const builds = useQuery(buildsQuery(org.name, { status, offset }));
  const [cancelled, setCancelled] = useState<Build>();
  const go = (next: { status?: string | undefined; offset?: number }) =>
    void navigate({
      search: {
        ...(next.status ? { status: next.status } : {}),
        ...(next.offset ? { offset: String(next.offset) } : {}),
      },
    });
  return (
    <>
      <div className="max-w-60">
        <SelectField label="State" value={status ?? ''} onChange={(event) => go({ status: event.target.value })}>
          <option value="">All</option>
          {statuses.map((value) => (
            <option key={value} value={value}>
              {statusWords[value].words}
            </option>
          ))}
        </SelectField>
      </div>
      <Panel>
        <Loaded query={builds} what="builds">
          {({ builds: page, total }) => (
            <>
              {page.length === 0 ? (
                <NoBuilds filtered={status !== undefined || offset > 0} onAll={() => go({})} />
              ) : (
                <BuildTable builds={page} onCancel={setCancelled} />
              )}
              {total > pageSize && (
                <div className="flex flex-wrap items-center justify-between gap-3 border-t border-line px-4 py-3 text-sm sm:px-5">
                  <span className="text-muted">
                    {page.length > 0 ? `${offset + 1} to ${offset + page.length} of ${count(total, 'build')}` : ''}
                  </span>
                  <span className="flex gap-2">
                    <Button
                      disabled={offset === 0}
                      onClick={() => go({ status, offset: Math.max(0, offset - pageSize) })}
                    >
                      Newer
                    </Button>
                    <Button
                      disabled={offset + page.length >= total}
                      onClick={() => go({ status, offset: offset + pageSize })}
                    >
                      Older
                    </Button>
                  </span>
                </div>
              )}
            </>
          )}
        </Loaded>
      </Panel>
      {cancelled && <CancelBuildDialog build={cancelled} onClose={() => setCancelled(undefined)} />}
    </>
  );
}

function NoBuilds({ filtered, onAll }: { filtered: boolean; onAll: () => void }) {
  if (filtered) {
    return (
      <Empty title="No build matches">
        <Button onClick={onAll}>Show all</Button>
      </Empty>
    );
  }
  return (
    <Empty title="No builds yet">
      <p className="mb-3">A deploy from a folder makes one:</p>
      <CodeBlock text="pipecat cloud deploy" name="the command" />
    </Empty>
  );
}

function BuildTable({ builds, onCancel }: { builds: readonly Build[]; onCancel: (build: Build) => void }) {
  const org = useOrg();
  return (
    <Table
      label="Builds"
      rows={builds}
      keyOf={({ id }) => id}
      columns={[
        {
          name: 'Build',
          cell: ({ id, status, errorMessage }) => {
            const { tone, words } = buildState(status);
            return (
              <>
                <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
                  <Link
                    to="/orgs/$org/builds/$id"
                    params={{ org: org.name, id }}
                    className={`font-mono text-[13px] font-semibold ${nameLink}`}
                  >
                    {id.slice(0, 8)}
                  </Link>
                  <Badge tone={tone}>{words}</Badge>
                </span>
                {errorMessage && <span className="mt-1 block max-w-md text-bad wrap-anywhere">{errorMessage}</span>}
              </>
            );
          },
        },
        {
          name: 'Asked for',
          cell: (build) => (
            <>
              <Time at={build.createdAt} capital />
              <span className="block text-muted wrap-anywhere">by {askedBy(build)}</span>
            </>
          ),
        },
        { name: 'Took', cell: ({ startedAt, completedAt }) => took(startedAt, completedAt) },
        {
          name: 'Size',
          cell: ({ contextSizeBytes, imageSizeBytes }) => (
            <>
              {contextSizeBytes === undefined ? '—' : sizeWords(contextSizeBytes)}
              {imageSizeBytes !== undefined && (
                <span className="block text-muted">image {sizeWords(imageSizeBytes)}</span>
              )}
            </>
          ),
        },
        {
          name: 'Actions',
          quiet: true,
          cell: (build) =>
            isOpen(build) &&
            org.can('builds:write') && (
              <Button aria-label={`Cancel ${build.id.slice(0, 8)}`} onClick={() => onCancel(build)}>
                Cancel
              </Button>
            ),
        },
      ]}
    />
  );
}

function took(startedAt: string | undefined, completedAt: string | undefined): string {
  if (!startedAt) return '—';
  return completedAt ? duration(startedAt, completedAt) : 'under way';
}
