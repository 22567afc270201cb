import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import type { StoredToken } from '../tokens/stored-token.js';
import type { Notify } from './notify.js';
import type { ExpiryCursor } from './reminder-repository.js';
import { tokenExpiring } from './texts.js';

/** Days before its end on which a token's people are reminded, nearest first. */
export const reminderDays = [1, 3, 7, 14, 30] as const;
const dayMs = 24 * 60 * 60 * 1000;
const pageSize = 500;

/**
 * Reminds of tokens that will expire. Between two thresholds only the nearer one is looked at, so that a server that was down does not
 * make up for what it missed. Each token and threshold is decided once, in the transaction that also holds the mail: whatever clocks
 * do, and however many control planes look, nobody is told twice. Once `closing` is aborted, the rest waits for the next time.
 */
export async function sendReminders(
  deps: { store: Store; clock: Clock; notify: Notify },
  closing?: AbortSignal,
): Promise<void> {
  const { store, clock, notify } = deps;
  const now = clock.now();
  let nearer = 0;
  for (const days of reminderDays) {
    let page: ExpiryCursor[];
    // Times are kept to the millisecond: the next one is behind all that end on the boundary, which are the nearer threshold's.
    let after: ExpiryCursor = { expiresAt: new Date(inDays(now, nearer).getTime() + 1).toISOString(), id: '' };
    do {
      page = await store.reminders.page(after, inDays(now, days), pageSize);
      const ids = page.map((token) => token.id);
      for (const id of await store.reminders.undecided(days, ids)) {
        if (closing?.aborted) return;
        await decide(id, days);
      }
      after = page.at(-1) ?? after;
    } while (page.length === pageSize);
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
