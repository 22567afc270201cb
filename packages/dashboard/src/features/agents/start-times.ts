import type { Session } from '@pipecat-cloud/contract/sessions';

export interface StartTimes {
  kind: 'Warm' | 'Cold';
  count: number;
  p50: number;
  p95: number;
}

/** How long the starts of these sessions took, in whole seconds, warm and cold apart; a kind without one is left out. */
export function startTimes(sessions: readonly Pick<Session, 'botStartSeconds' | 'coldStart'>[]): StartTimes[] {
  const kinds = [
    ['Warm', false],
    ['Cold', true],
  ] as const;
  return kinds.flatMap(([kind, cold]) => {
    const seconds = sessions
      .filter(({ coldStart }) => coldStart === cold)
      .flatMap(({ botStartSeconds }) => (botStartSeconds === null ? [] : [botStartSeconds]))
      .sort((a, b) => a - b);
    if (seconds.length === 0) return [];
    return [{ kind, count: seconds.length, p50: percentile(seconds, 0.5), p95: percentile(seconds, 0.95) }];
  });
}

/** The least of them that so large a part does not exceed. */
const percentile = (sorted: readonly number[], part: number) => sorted[Math.ceil(sorted.length * part) - 1] ?? 0;

export const secondsWords = (seconds: number) => (seconds < 1 ? 'under 1 s' : `${Math.round(seconds * 10) / 10} s`);
