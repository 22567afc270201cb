import type { Token } from '@pipecat-cloud/contract/tokens';
import { type ReactNode, useState } from 'react';
import { count, date, dateTime } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Choice } from '../../ui/field';
import { linkStyle } from '../../ui/link-style';
import { Empty } from '../../ui/states';
import { type Column, Table } from '../../ui/table';
import { restrictionsOf } from './grant-words';
import { isLive } from './token-attention';
import { expiryOf, inOrder, lastUseOf, matching, originOf, stateOf } from './token-words';

/** So many rows until somebody wants more. */
const pageSize = 50;

interface TokenTableProps {
  title: string;
  tokens: readonly Token[];
  /** The name, where it leads somewhere. */
  nameOf?: (token: Token) => ReactNode;
  /** Columns between the first and the last. */
  columns?: readonly Column<Token>[];
  actionsOf: (token: Token) => ReactNode;
  /** Where there are none at all. */
  empty: ReactNode;
}

/** Tokens with their states, to be searched; ended ones are kept apart. */
export function TokenTable({
  title,
  tokens,
  nameOf = ({ name }) => name,
  columns = [],
  actionsOf,
  empty,
}: TokenTableProps) {
  const [text, setText] = useState('');
  const [kind, setKind] = useState<'live' | 'ended'>('live');
  const [shown, setShown] = useState(pageSize);
  const live = tokens.filter(isLive).length;
  const found = inOrder(matching(tokens, text)).filter((token) => isLive(token) === (kind === 'live'));
  const kinds = [
    { value: 'live', label: `Live (${live})` },
    { value: 'ended', label: `Ended (${tokens.length - live})` },
  ] as const;
  return (
    <Card title={title}>
      {tokens.length === 0 ? (
        empty
      ) : (
        <>
          <div className="flex flex-wrap items-end justify-between gap-3 border-b border-line px-4 py-3 sm:px-5">
            <input
              type="search"
              aria-label={`Search ${title.toLowerCase()}`}
              placeholder="Name, digits, agent or address"
              value={text}
              onChange={(event) => setText(event.target.value)}
              className="w-full min-w-0 rounded-lg border border-strong-line bg-card px-3 py-1.5 text-base placeholder:text-muted sm:w-72 sm:text-sm"
            />
            <Choice
              legend="Show"
              hideLegend
              name={`kind-of-${title}`}
              value={kind}
              options={kinds}
              onChange={setKind}
            />
          </div>
          {found.length === 0 ? (
            <Empty title={text ? 'None that matches' : kind === 'live' ? 'No token is live' : 'None has ended'} />
          ) : (
            <Table
              label={title}
              keyOf={({ id }) => id}
              rows={found.slice(0, shown)}
              columns={[
                { name: 'Token', cell: (token) => <NameCell token={token} name={nameOf(token)} /> },
                ...columns,
                { name: 'Last used', cell: (token) => <LastUse token={token} /> },
                {
                  name: 'Ends',
                  cell: (token) => (
                    <span title={token.expiresAt ? dateTime(token.expiresAt) : undefined}>{expiryOf(token)}</span>
                  ),
                },
                { name: 'Actions', quiet: true, cell: actionsOf },
              ]}
            />
          )}
          {found.length > shown && (
            <div className="border-t border-line px-4 py-3 text-center">
              <Button onClick={() => setShown(shown + pageSize)}>
                Show more ({count(found.length - shown, 'token')} left)
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function NameCell({ token, name }: { token: Token; name: ReactNode }) {
  const { tone, words } = stateOf(token);
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className="font-semibold wrap-anywhere">{name}</span>
        <Badge tone={tone}>{words}</Badge>
      </div>
      <p className="mt-0.5 font-mono text-[13px] text-muted wrap-anywhere">{token.masked}</p>
    </>
  );
}

/** What it may do, and how it came to be. */
export const accessColumn: Column<Token> = {
  name: 'Access',
  cell: ({ grant }) => {
    const { access, agents, networks } = restrictionsOf(grant);
    const limits = [
      ...(grant.organizations ? [`in ${grant.organizations.join(', ')}`] : []),
      ...(grant.agents ? [`agents: ${agents}`] : []),
      ...(grant.networks ? [`from ${networks}`] : []),
    ];
    return (
      <>
        <span className="whitespace-nowrap">{access}</span>
        {limits.length > 0 && <span className="block text-muted wrap-anywhere">{limits.join('; ')}</span>}
      </>
    );
  },
};
export const originColumn = (all: readonly Token[]): Column<Token> => ({
  name: 'Origin',
  cell: (token) => (
    <>
      <span className="block min-w-28 wrap-anywhere">{originOf(token, all)}</span>
      <span className="block text-muted" title={dateTime(token.createdAt)}>
        {date(token.createdAt)}
      </span>
    </>
  ),
});

export function LastUse({ token }: { token: Token }) {
  return (
    <>
      <span title={token.lastUsedUserAgent ?? undefined}>{lastUseOf(token)}</span>
      <CiRun token={token} />
    </>
  );
}

/** A client sent this address: only what a browser opens as a page becomes a link. */
export function CiRun({ token }: { token: Token }) {
  if (!token.lastUsedCiRun || !/^https?:\/\//.test(token.lastUsedCiRun)) return null;
  return (
    <span className="block">
      <a
        href={token.lastUsedCiRun}
        target="_blank"
        rel="noreferrer"
        className={linkStyle}
        aria-label={`Last CI run that used ${token.name}`}
      >
        Last CI run
      </a>
    </span>
  );
}
