import type { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card, Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Facts } from '../../ui/facts';
import { linkStyle } from '../../ui/link-style';
import { MenuItem, MenuLine, RowMenu } from '../../ui/menu';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { roleWords, useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { CreateTokenDialog } from '../tokens/create-token-dialog';
import { isLive } from '../tokens/token-attention';
import { type Doing, TokenDialogs } from '../tokens/token-dialogs';
import { serviceAccountTokens } from '../tokens/token-source';
import { accessColumn, originColumn, TokenTable } from '../tokens/token-table';
import { DeleteServiceAccountDialog, EditServiceAccountDialog } from './service-account-dialogs';
import { serviceAccountKeys, serviceAccountQuery, serviceAccountTokensQuery } from './service-account-queries';

const route = getRouteApi('/signed-in/orgs/$org/service-accounts/$id');

export function ServiceAccountPage() {
  const org = useOrg();
  const { id } = route.useParams();
  const account = useQuery({ ...serviceAccountQuery(org.name, id), enabled: org.can('tokens:read') });
  const up = (
    <Link to="/orgs/$org/service-accounts" params={{ org: org.name }} className={linkStyle}>
      Service accounts
    </Link>
  );
  if (account.data) return <Account account={account.data} up={up} />;
  return (
    <Page title="Service account" up={up}>
      <Permitted needs="tokens:read" to="see service accounts">
        <Loaded
          query={account}
          what="the service account"
          absent={
            <Panel>
              <Empty title="There is no such service account here">It was deleted, or the address is mistyped.</Empty>
            </Panel>
          }
        >
          {() => null}
        </Loaded>
      </Permitted>
    </Page>
  );
}

function Account({ account, up }: { account: ServiceAccount; up: React.ReactNode }) {
  const org = useOrg();
  const [doing, setDoing] = useState<'edit' | 'delete'>();
  const manages = org.can('members:write');
  return (
    <Page
      title={account.name}
      up={up}
      about={account.description || undefined}
      actions={
        manages && (
          <>
            <Button onClick={() => setDoing('edit')}>Change</Button>
            <DisableButton account={account} />
            <Button look="quietDanger" onClick={() => setDoing('delete')}>
              Delete
            </Button>
          </>
        )
      }
    >
      <Card title="Account">
        <Facts
          rows={[
            [
              'State',
              account.disabledAt ? (
                <Badge key="s" tone="warn">
                  Disabled: its tokens are refused
                </Badge>
              ) : (
                <Badge key="s" tone="good">
                  Enabled
                </Badge>
              ),
            ],
            ['Role', `${account.role}: ${roleWords[account.role]}`],
            ['Made', <Time key="m" at={account.createdAt} capital />],
          ]}
        />
      </Card>
      <Tokens account={account} />
      <Trusts account={account} />
      {doing === 'edit' && <EditServiceAccountDialog account={account} onClose={() => setDoing(undefined)} />}
      {doing === 'delete' && <DeleteServiceAccountDialog account={account} onClose={() => setDoing(undefined)} />}
    </Page>
  );
}

function DisableButton({ account }: { account: ServiceAccount }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const disabled = account.disabledAt !== null;
  const change = useMutation({
    mutationFn: () => api.updateServiceAccount(org.name, account.id, { disabled: !disabled }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: serviceAccountKeys.all(org.name) }),
  });
  return (
    <>
      <Button busy={change.isPending} onClick={() => change.mutate()}>
        {disabled ? 'Enable' : 'Disable'}
      </Button>
      {change.isError && <Alert>{change.error.message}</Alert>}
    </>
  );
}

function Tokens({ account }: { account: ServiceAccount }) {
  const org = useOrg();
  const tokens = useQuery(serviceAccountTokensQuery(org.name, account.id));
  const [making, setMaking] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const source = serviceAccountTokens(org.name, account);
  const manages = org.can('members:write');
  return (
    <Loaded query={tokens} what="its tokens">
      {(all) => (
        <>
          <TokenTable
            title="Tokens"
            tokens={all}
            columns={[accessColumn, originColumn(all)]}
            actionsOf={(token) =>
              manages &&
              isLive(token) && (
                <RowMenu label={`Actions for ${token.name}`}>
                  <MenuItem onSelect={() => setDoing({ what: 'rotate', token })}>Rotate…</MenuItem>
                  <MenuItem onSelect={() => setDoing({ what: 'narrow', token })}>Make a narrower one…</MenuItem>
                  <MenuLine />
                  <MenuItem danger onSelect={() => setDoing({ what: 'revoke', token })}>
                    Revoke…
                  </MenuItem>
                </RowMenu>
              )
            }
            empty={
              <Empty title="No tokens yet">
                <p className="mb-3">A pipeline needs one. Make it here, or with:</p>
                <CodeBlock
                  text={`pipecat cloud token create --service-account ${account.name} --name ci --preset deploy`}
                  name="the command"
                />
              </Empty>
            }
          />
          {manages && (
            <Button look="primary" onClick={() => setMaking(true)}>
              New token
            </Button>
          )}
          {making && (
            <CreateTokenDialog
              source={source}
              initial={{ access: 'deploy' }}
              organization={org.name}
              onClose={() => setMaking(false)}
            />
          )}
          <TokenDialogs source={source} doing={doing} organization={org.name} onClose={() => setDoing(undefined)} />
        </>
      )}
    </Loaded>
  );
}

/** What may get a token here with the identity of a CI job alone. */
function Trusts({ account }: { account: ServiceAccount }) {
  if (account.trusts.length === 0) return null;
  return (
    <Card title="Trusts" about="CI systems whose jobs get a token of this account with their own identity.">
      <ul className="divide-y divide-line">
        {account.trusts.map(({ id, issuer, audience, conditions }) => (
          <li key={id} className="px-4 py-3 text-sm sm:px-5">
            <p className="font-medium wrap-anywhere">{issuer}</p>
            <p className="text-muted wrap-anywhere">for {audience}</p>
            <ul className="mt-1 text-muted">
              {Object.entries(conditions).map(([claim, value]) => (
                <li key={claim} className="font-mono text-[13px] wrap-anywhere">
                  {claim} = {value}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Card>
  );
}
