import type { Token } from '@pipecat-cloud/contract/tokens';
import { date } from '../../lib/format';
import { Button } from '../../ui/button';
import { isLive } from './token-attention';

interface PermissionUseProps {
  token: Token;
  onShrink: () => void;
}

/** Whether a new token with only the used permissions would do, which asks for one that has been used. */
export const canShrink = ({ permissionUse: use, ...token }: Token) =>
  use !== undefined && use.used.length > 0 && use.used.length < use.held.length && isLive(token);

/** How many of its permissions a token has used, and the way to one that has no others. */
export function PermissionUse({ token, onShrink }: PermissionUseProps) {
  const use = token.permissionUse;
  if (!use) return '—';
  const unused = use.held.filter((name) => !use.used.includes(name));
  return (
    <>
      <span className="flex flex-wrap items-center gap-x-3 gap-y-2">
        {wordsOfUse(use)}
        {canShrink(token) && <Button onClick={onShrink}>Shrink…</Button>}
      </span>
      {use.used.length > 0 && unused.length > 0 && (
        <span className="mt-1 block text-muted">
          Never used:{' '}
          {unused.map((name, index) => (
            <span key={name}>
              {index > 0 && ', '}
              <code className="font-mono text-xs">{name}</code>
            </span>
          ))}
        </span>
      )}
    </>
  );
}

/** "Used 3 of 14 permissions since May 4, 2026". */
export function wordsOfUse({ held, used, since }: NonNullable<Token['permissionUse']>): string {
  const what = held.length === 1 ? 'permission' : 'permissions';
  return `Used ${used.length} of ${held.length} ${what} since ${date(since)}`;
}
