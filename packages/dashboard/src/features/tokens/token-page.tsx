import { rolePermissions } from '@pipecat-cloud/contract/permissions';
import type { Token } from '@pipecat-cloud/contract/tokens';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useCurrentOrganization } from '../../app/current-org';
import { date, dateTime } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card, Panel } from '../../ui/card';
import { Facts } from '../../ui/facts';
import { linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { type OrganizationEntry, organizationsQuery } from '../organization/organization-queries';
import { namedPermissions, restrictionsOf } from './grant-words';
import { PermissionUse } from './permission-use';
import { permissionWords } from './permission-words';
import { isLive } from './token-attention';
import { type Doing, TokenDialogs } from './token-dialogs';
import { tokenQuery, tokensQuery, tokenUseQuery } from './token-queries';
import { ownTokens } from './token-source';
import { CiRun } from './token-table';
import { timelineOf } from './token-timeline';
import { expiryOf, lastUseOf, stateOf } from './token-words';

const route = getRouteApi('/signed-in/account/tokens/$id');

/** One token of the person: what it may do, where it was used, what has happened to it. */
export function TokenPage() {
  const { id } = route.useParams();
  const token = useQuery(tokenQuery(id));
  const all = useQuery(tokensQuery).data ?? [];
  const organization = useCurrentOrganization()?.name;
  const [doing, setDoing] = useState<Doing['what']>();
  const up = (
    <Link to="/account/tokens" className={linkStyle}>
      Personal access tokens
    </Link>
  );
  if (!token.data) {
    return (
      <Page title="Personal access token" up={up}>
        <Loaded
          query={token}
          what="the token"
          absent={
            <Panel>
              <Empty title="You have no such token">The address is mistyped, or it is a token of somebody else.</Empty>
            </Panel>
          }
        >
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const { data } = token;
  const begin = (what: Doing['what']) => () => setDoing(what);
  return (
    <Page
      title={data.name}
      up={up}
      about={<StateLine token={data} />}
      actions={
        isLive(data) && (
          <>
            <Button onClick={begin('rotate')}>Rotate</Button>
            <Button onClick={begin('derive')}>Derive</Button>
            <Button look="quietDanger" onClick={begin('revoke')}>
              Revoke
            </Button>
          </>
        )
      }
    >
      <Access token={data} onNarrow={begin('narrow')} onShrink={begin('shrink')} />
      <Use token={data} />
      <Timeline token={data} all={all} />
      <TokenDialogs
        source={ownTokens}
        doing={doing && { what: doing, token: data }}
        organization={organization}
        onClose={() => setDoing(undefined)}
      />
    </Page>
  );
}

function StateLine({ token }: { token: Token }) {
  const { tone, words } = stateOf(token);
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-sm">
      <Badge tone={tone}>{words}</Badge>
      <span className="font-mono text-[13px]">{token.masked}</span>
      <span>{expiryOf(token)}</span>
    </span>
  );
}

interface AccessProps {
  token: Token;
  onNarrow: () => void;
  onShrink: () => void;
}

function Access({ token, onNarrow, onShrink }: AccessProps) {
  const named = namedPermissions(token.grant);
  const { access, organizations, agents, networks } = restrictionsOf(token.grant);
  return (
    <Card title="What it may do" actions={isLive(token) && <Button onClick={onNarrow}>Make a narrower one</Button>}>
      <Facts
        rows={[
          ['Access', access],
          [
            'Permissions',
            named ? (
              <ul key="named" className="space-y-1">
                {named.map((name) => (
                  <li key={name}>
                    {permissionWords[name].charAt(0).toUpperCase() + permissionWords[name].slice(1)}{' '}
                    <code className="font-mono text-xs text-muted">{name}</code>
                  </li>
                ))}
              </ul>
            ) : (
              'All that its owner’s role allows at that moment, but for making tokens and the Daily key'
            ),
          ],
          ['Really used', <PermissionUse key="use" token={token} onShrink={onShrink} />],
          ['Organizations', organizations],
          ['Agents', agents],
          ['Networks', networks],
        ]}
      />
    </Card>
  );
}

function Use({ token }: { token: Token }) {
  const organizations = useQuery(organizationsQuery).data ?? [];
  const reached = organizations.filter(
    ({ name, role }) => rolePermissions[role].has('audit:read') && (token.grant.organizations?.includes(name) ?? true),
  );
  return (
    <Card title="Where it was used" about="Its last use is written every few seconds.">
      <Facts
        rows={[
          ['Last use', token.lastUsedAt ? <Time key="t" at={token.lastUsedAt} capital /> : lastUseOf(token)],
          ['From', token.lastUsedAddress ?? '—'],
          ['Client', token.lastUsedUserAgent ?? '—'],
          ['CI run', token.lastUsedCiRun ? <CiRun key="ci" token={token} /> : '—'],
        ]}
      />
      {reached.length > 0 && <Changes token={token} organizations={reached} />}
    </Card>
  );
}

/** What the audit logs that this person may read have of it: changes and refusals, with a way to all of them. */
function Changes({ token, organizations }: { token: Token; organizations: readonly OrganizationEntry[] }) {
  const answers = useQueries({ queries: organizations.map(({ name }) => tokenUseQuery(name, token.id)) });
  return (
    <div className="border-t border-line px-4 py-4 text-sm sm:px-5">
      <h3 className="mb-2 font-medium">What it changed, and where it was refused</h3>
      <ul className="space-y-3">
        {organizations.map(({ name, verboseName }, index) => {
          const records = answers[index]?.data ?? [];
          return (
            <li key={name}>
              <Link
                to="/orgs/$org/audit"
                params={{ org: name }}
                search={{ credential: token.id }}
                className={linkStyle}
              >
                {verboseName}
              </Link>
              {records.length === 0 && <span className="text-muted">: nothing in its audit log</span>}
              <ul className="mt-1 space-y-1">
                {records.map(({ id, action, target, at, address }) => (
                  <li key={id} className="wrap-anywhere">
                    <code className="font-mono text-[13px]">{action}</code> {target}{' '}
                    <span className="text-muted">
                      <Time at={at} />
                      {address && ` from ${address}`}
                    </span>
                  </li>
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const dots = { plain: 'bg-strong-line', good: 'bg-good', bad: 'bg-bad' } as const;

function Timeline({ token, all }: { token: Token; all: readonly Token[] }) {
  const now = new Date().toISOString();
  return (
    <Card title="Timeline">
      <ol className="space-y-3 px-4 py-4 text-sm sm:px-5">
        {timelineOf(token, all).map(({ at, words, tone }) => (
          <li key={`${at} ${words}`} className={`flex gap-3 ${at > now ? 'text-muted' : ''}`}>
            <span aria-hidden="true" className={`mt-1.5 size-2 shrink-0 rounded-full ${dots[tone]}`} />
            <span className="min-w-0 wrap-anywhere">
              {words}
              <span className="block text-muted">
                <time dateTime={at} title={date(at)}>
                  {dateTime(at)}
                </time>
              </span>
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
