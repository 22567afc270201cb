import type { ReactNode } from 'react';

const tones = { bad: 'bg-bad-soft text-bad', warn: 'bg-warn-soft text-warn', good: 'bg-good-soft text-good' } as const;

/** A sentence about what went wrong, or right, where it happened. */
export function Alert({ tone = 'bad', children }: { tone?: keyof typeof tones; children: ReactNode }) {
  return (
    <p
      role={tone === 'bad' ? 'alert' : 'status'}
      className={`rounded-lg px-3 py-2 text-sm wrap-anywhere ${tones[tone]}`}
    >
      {children}
    </p>
  );
}
