import { kindOf } from '@pipecat-cloud/contract/token-format';

const dayMs = 86_400_000;
/** The last fifth of its life, and never more than the last week: a token for a day must not warn from its first hour on. */
const warnShare = 1 / 5;
const warnWithinMs = 7 * dayMs;

/** Notices on the way that the token in use ends soon, and says so once per command. */
export interface ExpiryWatch {
  /** With the headers `Pipecat-Token-Expires-At` and `Pipecat-Token-Created-At` of an answer to the user's token. */
  seen(token: string, expiresAt: string | null, createdAt: string | null): void;
  /** The command has shown the end itself. */
  shown(): void;
  /** The sentence, if there is something to warn of. */
  warning(now: Date): string | undefined;
}

export function createExpiryWatch(env: Readonly<Record<string, string | undefined>>): ExpiryWatch {
  let quiet = env.PIPECAT_NO_EXPIRY_WARNING === '1';
  let end: Date | undefined;
  let windowMs = warnWithinMs;
  return {
    seen(token, expiresAt, createdAt) {
      // Tokens for one CI job and sign-ins live for minutes, and are renewed by whoever made them.
      const kind = kindOf(token);
      if (!expiresAt || (kind !== 'personal' && kind !== 'serviceAccount')) return;
      const at = new Date(expiresAt);
      if (Number.isNaN(at.getTime())) return;
      end = at;
      const lifeMs = createdAt === null ? Number.NaN : at.getTime() - Date.parse(createdAt);
      // Other servers don't say when it was made; then the week alone counts.
      windowMs = Number.isNaN(lifeMs) ? warnWithinMs : Math.min(warnWithinMs, lifeMs * warnShare);
    },
    shown() {
      quiet = true;
    },
    warning(now) {
      if (quiet || !end) return undefined;
      const left = end.getTime() - now.getTime();
      if (left > windowMs || left <= 0) return undefined;
      const iso = end.toISOString();
      return `The token in use ends in ${untilText(left)} (${iso.slice(0, 16).replace('T', ' ')} UTC). Its owner renews it, signed in: token rotate NAME`;
    },
  };
}

/** `6 days`, `1 day`, `5 hours`, `12 minutes`: rounded down, so that nobody counts on more than there is. */
export function untilText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const [count, unit] =
    minutes >= 1440
      ? [Math.floor(minutes / 1440), 'day']
      : minutes >= 120
        ? [Math.floor(minutes / 60), 'hour']
        : [minutes, 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
