import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ago, count } from '../../lib/format';
import { mentionedDays, needAttention } from './token-attention';
import { tokensQuery } from './token-queries';

/**
 * Above every page: tokens that end soon, and those of which an old secret was seen. Nothing while there is nothing to say. `link` leads
 * to the page of tokens.
 */
export function TokenBanner({ link, now = new Date() }: { link: ReactNode; now?: Date }) {
  const tokens = useQuery(tokensQuery);
  const { suspicious, ending } = needAttention(tokens.data ?? [], now);
  const [odd, next] = [suspicious[0], ending[0]];
  if (!odd && !next) return null;
  return (
    <section aria-label="Tokens that need attention" className="border-b border-line">
      {odd && (
        <Line look="bg-bad-soft text-bad" link={link}>
          An old secret of {names(suspicious)} was sent after it had been replaced
          {odd.suspiciousAt ? `, ${ago(odd.suspiciousAt, now)}` : ''}. If that was not you, rotate or revoke it.
        </Line>
      )}
      {next?.expiresAt && (
        <Line look="bg-warn-soft text-warn" link={link}>
          {ending.length === 1
            ? `Your token “${next.name}” expires ${ago(next.expiresAt, now)}.`
            : `${count(ending.length, 'token')} of yours expire within ${mentionedDays} days; the first, “${next.name}”, ${ago(next.expiresAt, now)}.`}{' '}
          Rotate what is still in use.
        </Line>
      )}
    </section>
  );
}

function Line({ look, link, children }: { look: string; link: ReactNode; children: ReactNode }) {
  return (
    <div className={look}>
      <p className="mx-auto flex w-full max-w-5xl flex-wrap items-baseline gap-x-3 px-4 py-2 text-sm sm:px-6">
        <span className="min-w-0 flex-1 basis-64 wrap-anywhere">{children}</span>
        <span className="font-medium underline underline-offset-4">{link}</span>
      </p>
    </div>
  );
}

function names(tokens: readonly { name: string }[]): string {
  const [first, ...rest] = tokens;
  return rest.length === 0 ? `“${first?.name}”` : `“${first?.name}” and ${count(rest.length, 'other token')}`;
}
