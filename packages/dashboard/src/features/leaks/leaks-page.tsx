import type { LeakFinding } from '@pipecat-cloud/contract/leaks';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';

const pageSize = 50;
const leaksQuery = (org: string, limit: number) =>
  queryOptions({
    queryKey: ['org', org, 'leaks', limit],
    queryFn: () => api.listLeaks(org, { limit }),
    placeholderData: keepPreviousData,
  });

/** Live credentials of this platform that were found where they should not be. */
export function LeaksPage() {
  return (
    <Page
      title="Leaks"
      about="Live credentials of this platform that were found in a build, a log or a secret set. Policies say whether one is revoked at once."
    >
      <Permitted needs="audit:read" to="see leaks">
        <Findings />
      </Permitted>
      <Card
        title="You hold a credential that leaked elsewhere?"
        about="Whoever holds it may end it; no permission is needed."
      >
        <div className="px-4 py-4 sm:px-5">
          <CodeBlock text="pipecat cloud token report" name="the command" />
        </div>
      </Card>
    </Page>
  );
}

const places: Readonly<Record<LeakFinding['place']['kind'], string>> = {
  build_context: 'in a build context',
  build_log: 'in a build log',
  agent_log: 'in the log of an agent',
  secret_set: 'in a secret set',
  elsewhere: 'with another organization',
};

function Findings() {
  const org = useOrg();
  const [limit, setLimit] = useState(pageSize);
  const leaks = useQuery(leaksQuery(org.name, limit));
  return (
    <Card title="Found">
      <Loaded query={leaks} what="leaks">
        {({ findings, total }) =>
          findings.length === 0 ? (
            <Empty title="Nothing was found">
              Builds, logs and secret sets are searched all the time. You are told by e-mail and webhook when something
              turns up.
            </Empty>
          ) : (
            <>
              <Table
                label="Found"
                rows={findings}
                keyOf={({ id }) => id}
                columns={[
                  {
                    name: 'Credential',
                    cell: ({ credential, revoked }) => (
                      <>
                        <span className="font-mono text-[13px] wrap-anywhere">{credential.masked}</span>
                        <span className="mt-1 flex flex-wrap items-center gap-2">
                          <Badge tone={revoked ? 'quiet' : 'bad'}>{revoked ? 'Revoked' : 'Still live then'}</Badge>
                          {credential.id && (
                            <Link
                              to="/orgs/$org/audit"
                              params={{ org: org.name }}
                              search={{ credential: credential.id }}
                              className={linkStyle}
                            >
                              What it did
                            </Link>
                          )}
                        </span>
                      </>
                    ),
                  },
                  {
                    name: 'Where',
                    cell: ({ place }) => (
                      <>
                        {places[place.kind]}
                        <span className="block text-muted wrap-anywhere">{place.name}</span>
                      </>
                    ),
                  },
                  {
                    name: 'Seen',
                    cell: ({ firstSeenAt, lastSeenAt, count }) => (
                      <>
                        <Time at={lastSeenAt} capital />
                        <span className="block text-muted">
                          {count} times since <Time at={firstSeenAt} />
                        </span>
                      </>
                    ),
                  },
                ]}
              />
              {findings.length < total && limit < 200 && (
                <div className="border-t border-line px-4 py-3 text-center">
                  <Button busy={leaks.isFetching} onClick={() => setLimit(200)}>
                    Show more ({total - findings.length} left)
                  </Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
