import { timingSafeEqual } from 'node:crypto';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Repositories } from '../db/store.js';
import type { Clock, Ids } from '../system.js';

interface EmailCodesDeps {
  clock: Clock;
  ids: Ids;
  digests: CredentialDigests;
}
interface CodeFor {
  purpose: 'sign_in' | 'step_up';
  /** What the code is bound to: the address it was asked for with, or the session. */
  subject: string;
  /** Null where nobody has the address: the same work is done, and nobody can use the code. */
  userId: string | null;
}

const minuteMs = 60_000;
const codeMinutes = 10;
const maxAttempts = 5;
const maxCodesPerHour = 5;

/** Codes of eight digits by e-mail: ten minutes, one use, five guesses, five codes an hour. Both calls run in the caller's transaction. */
export function createEmailCodes({ clock, ids, digests }: EmailCodesDeps) {
  const after = (ms: number) => new Date(clock.now().getTime() + ms);
  const nameOf = ({ purpose, subject }: CodeFor, code: string) => `${purpose}:${subject}:${code}`;

  return {
    /** Makes a code. `recipient` is null where none may be sent: nobody has the address, or had five in the last hour. */
    async issue(repos: Repositories, wanted: CodeFor): Promise<{ code: string; recipient: string | null }> {
      const { purpose, userId } = wanted;
      const code = (BigInt(`0x${ids.hex(16)}`) % 100_000_000n).toString().padStart(8, '0');
      await repos.signIn.pruneCodes(after(-60 * minuteMs));
      const sent = await repos.signIn.countCodesSince(userId, purpose, after(-60 * minuteMs));
      const recipient = userId !== null && sent < maxCodesPerHour ? userId : null;
      // Without a recipient the row is a decoy: an insert that were left out could be measured.
      const { digest } = digests.current(nameOf(wanted, code));
      const expiresAt = after(codeMinutes * minuteMs);
      await repos.signIn.insertCode({ id: ids.id(), purpose, digest, userId: recipient, expiresAt }, clock.now());
      return { code, recipient };
    },

    /** False for a wrong code, which stays counted if the caller commits. True once at most; the person's other codes end with it. */
    async use(repos: Repositories, wanted: CodeFor, code: string): Promise<boolean> {
      const { purpose, userId } = wanted;
      const candidates = digests.candidates(nameOf(wanted, code));
      const codes = await repos.signIn.spendAttempt(userId, purpose, maxAttempts, clock.now());
      const [match] = codes.filter(
        ({ digest }) => candidates.filter((candidate) => equal(candidate, digest)).length > 0,
      );
      if (!match || !userId || !(await repos.signIn.useCode(match.id, clock.now()))) return false;
      await repos.signIn.dropUnusedCodes(userId, purpose);
      return true;
    },
  };
}
export type EmailCodes = ReturnType<typeof createEmailCodes>;

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
