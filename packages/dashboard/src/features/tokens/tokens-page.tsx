import type { Token } from '@pipecat-cloud/contract/tokens';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { dateTime } from '../../lib/format';
import { useTitle } from '../../lib/use-title';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Empty, Failure, Loading } from '../../ui/states';
import { CreateTokenDialog } from './create-token-dialog';
import { RevokeTokenDialog } from './revoke-token-dialog';
import { isLive } from './token-attention';
import { tokensQuery } from './token-queries';
import { expiryOf, inOrder, lastUseOf, stateOf } from './token-words';

export function TokensPage() {
  useTitle('Personal access tokens');
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  return (
    <>
      <div className="mb-6 flex flex-wrap items-start justify-between gap-4">
        <div className="max-w-2xl">
          <h1 className="text-2xl font-semibold tracking-tight">Personal access tokens</h1>
          <p className="mt-1 text-muted">
            For the command line and for CI. A token acts as you, so treat it like a password.
          </p>
        </div>
        <Button look="primary" onClick={() => setCreating(true)}>
          New token
        </Button>
      </div>
      <Card title="Your tokens">
        <TokenList onRevoke={setRevoking} />
      </Card>
      {creating && <CreateTokenDialog onClose={() => setCreating(false)} />}
      {revoking && <RevokeTokenDialog token={revoking} onClose={() => setRevoking(undefined)} />}
    </>
  );
}

export function TokenList({ onRevoke }: { onRevoke: (token: Token) => void }) {
  const tokens = useQuery(tokensQuery);
  if (tokens.isPending) return <Loading what="tokens" />;
  if (tokens.isError) return <Failure error={tokens.error} onRetry={() => tokens.refetch()} />;
  if (tokens.data.length === 0) {
    return (
      <Empty title="No tokens yet">
        With one, <code className="font-mono">pipecat cloud</code> works from any terminal and any pipeline.
      </Empty>
    );
  }
  return (
    <ul className="divide-y divide-line">
      {inOrder(tokens.data).map((token) => (
        <TokenRow key={token.id} token={token} onRevoke={() => onRevoke(token)} />
      ))}
    </ul>
  );
}

function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const { tone, words } = stateOf(token);
  const ended = !isLive(token);
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <span className={`font-semibold wrap-anywhere ${ended ? 'text-muted' : ''}`}>{token.name}</span>
          <Badge tone={tone}>{words}</Badge>
        </div>
        <p className="mt-1 font-mono text-[13px] text-muted">{token.masked}</p>
        <p className="mt-1 text-sm text-muted">
          <span title={dateTime(token.createdAt)}>Created {dateTime(token.createdAt)}</span>
          <span aria-hidden="true"> · </span>
          <span title={token.expiresAt ? dateTime(token.expiresAt) : undefined}>{expiryOf(token)}</span>
          <span aria-hidden="true"> · </span>
          <span title={token.lastUsedUserAgent ?? undefined}>{lastUseOf(token)}</span>
          {/* A client sent this address: only what a browser opens as a page becomes a link. */}
          {token.lastUsedCiRun && /^https?:\/\//.test(token.lastUsedCiRun) && (
            <>
              <span aria-hidden="true"> · </span>
              <a
                href={token.lastUsedCiRun}
                target="_blank"
                rel="noreferrer"
                className="underline underline-offset-4"
                aria-label={`Last CI run that used ${token.name}`}
              >
                Last CI run
              </a>
            </>
          )}
        </p>
      </div>
      {token.state !== 'revoked' && (
        <Button look="quietDanger" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
          Revoke
        </Button>
      )}
    </li>
  );
}
