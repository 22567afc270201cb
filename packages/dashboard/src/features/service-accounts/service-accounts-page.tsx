import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { nameLink } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { CreateServiceAccountDialog } from './service-account-dialogs';
import { serviceAccountsQuery } from './service-account-queries';

/** Who works here that is no person: pipelines and servers. */
export function ServiceAccountsPage() {
  const org = useOrg();
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Service accounts"
      about="For pipelines and servers: their tokens go on when people leave."
      actions={
        org.can('members:write') && (
          <Button look="primary" onClick={() => setMaking(true)}>
            New service account
          </Button>
        )
      }
    >
      <Permitted needs="tokens:read" to="see service accounts">
        <AccountList />
      </Permitted>
      {making && <CreateServiceAccountDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function AccountList() {
  const org = useOrg();
  const accounts = useQuery(serviceAccountsQuery(org.name));
  return (
    <Card title="Accounts">
      <Loaded query={accounts} what="service accounts">
        {(all) =>
          all.length === 0 ? (
            <Empty title="No service accounts yet">
              <p className="mb-3">Make one for each pipeline, here or with:</p>
              <CodeBlock text="pipecat cloud service-accounts create ci --role developer" name="the command" />
            </Empty>
          ) : (
            <Table
              label="Accounts"
              rows={all}
              keyOf={({ id }) => id}
              columns={[
                {
                  name: 'Account',
                  cell: ({ id, name, description, disabledAt }) => (
                    <>
                      <span className="flex flex-wrap items-center gap-2">
                        <Link
                          to="/orgs/$org/service-accounts/$id"
                          params={{ org: org.name, id }}
                          className={`font-semibold ${nameLink}`}
                        >
                          {name}
                        </Link>
                        {disabledAt && <Badge tone="warn">Disabled</Badge>}
                      </span>
                      {description && <span className="block text-muted wrap-anywhere">{description}</span>}
                    </>
                  ),
                },
                { name: 'Role', cell: ({ role }) => role },
                { name: 'Live tokens', cell: ({ liveTokens }) => liveTokens },
                { name: 'Trusts', cell: ({ trusts }) => trusts.length },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
