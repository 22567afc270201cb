import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import type { StoredToken } from '../tokens/token-repository.js';
import type { Notify } from './notify.js';
import { tokenExpiring } from './texts.js';

/** Days before its end on which a token's people are reminded, nearest first. */
export const reminderDays = [1, 3, 7, 14, 30] as const;
const dayMs = 24 * 60 * 60 * 1000;
const batch = 200;

/**
 * Reminds of tokens that will expire. Between two thresholds only the nearer one is looked at, so that a server that was down does not
 * make up for what it missed. Each token and threshold is decided once, in the transaction that also holds the mail: whatever clocks
 * do, and however many control planes look, nobody is told twice.
 */
export async function sendReminders(deps: { store: Store; clock: Clock; notify: Notify }): Promise<void> {
  const { store, clock, notify } = deps;
  const now = clock.now();
  let nearer = 0;
  for (const days of reminderDays) {
    const [after, until] = [inDays(now, nearer), inDays(now, days)];
    for (;;) {
      const tokenIds = await store.reminders.undecided(days, after, until, batch);
      for (const id of tokenIds) await decide(id, days);
      if (tokenIds.length < batch) break;
    }
    nearer = days;
  }

  async function decide(tokenId: string, days: number): Promise<void> {
    await store.transaction(async (repos) => {
      const token = await repos.tokens.find(tokenId);
      if (!token) return;
      const sent = counts(token, days);
      if (!(await repos.reminders.decide({ tokenId, thresholdDays: days, sent }, now))) return;
      if (sent) await notify(repos, tokenExpiring({ token, days }));
    });
  }
}

/** Only for a token whose whole life is longer than twice the threshold: a week's token is not worth a mail on its second day. */
function counts({ createdAt, expiresAt }: StoredToken, days: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - Date.parse(createdAt) > 2 * days * dayMs;
}

const inDays = (now: Date, days: number) => new Date(now.getTime() + days * dayMs);
