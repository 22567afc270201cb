import type { Reuse } from '@pipecat-cloud/contract/pool';
import { usageError } from './errors.js';

/** As commander hands them over. */
export interface ReuseFlags {
  reuse?: 'always' | 'fresh';
  reuseSessions?: number;
  reuseMemory?: number;
}

/** The policy that flags name as a whole; undefined when none does. */
export function reuseOf({ reuse, reuseSessions, reuseMemory }: ReuseFlags): Reuse | undefined {
  if (reuse === 'fresh') {
    if (reuseSessions !== undefined || reuseMemory !== undefined) {
      throw usageError(
        '--reuse fresh gives each session a process of its own, so there is nothing to limit.',
        'Leave out --reuse-sessions and --reuse-memory, or --reuse fresh.',
      );
    }
    return { policy: 'fresh' };
  }
  if (reuse === undefined && reuseSessions === undefined && reuseMemory === undefined) return undefined;
  return {
    policy: 'reuse',
    ...(reuseSessions === undefined ? {} : { maxSessions: reuseSessions }),
    ...(reuseMemory === undefined ? {} : { maxMemoryPercent: reuseMemory }),
  };
}

/** In a few words, for people. */
export function reuseText({ policy, maxSessions, maxMemoryPercent }: Reuse): string {
  if (policy === 'fresh' || maxSessions === 1) return 'fresh: a process for each session';
  const limits = [
    ...(maxSessions === undefined ? [] : [`${maxSessions} sessions`]),
    ...(maxMemoryPercent === undefined ? [] : [`above ${maxMemoryPercent} % of memory`]),
  ];
  return limits.length === 0 ? 'one session after another' : `replaced after ${limits.join(', or ')}`;
}
