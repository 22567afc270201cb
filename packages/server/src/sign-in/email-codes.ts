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
  /** What the code is bound to: the address and the browser it was asked for with, or the session. */
  subject: string;
  /** Null where nobody has the address: the same work is done, and nobody can use the code. */
  userId: string | null;
}

const minuteMs = 60_000;
const codeMinutes = 10;
const maxAttempts = 5;
/** A session asks for its own person alone. Anybody may ask for a sign-in, so that the limit of one source (`SignInGuard`) comes long before this one. */
const maxCodesPerHour = { sign_in: 20, step_up: 5 };

/**
 * Codes of eight digits by e-mail: ten minutes, one use, five guesses, all from where the code was asked for: others can neither use it
 * nor spend its guesses. Both calls run in the caller's transaction.
 */
export function createEmailCodes({ clock, ids, digests }: EmailCodesDeps) {
  const after = (ms: number) => new Date(clock.now().getTime() + ms);
  const placeOf = ({ purpose, subject }: CodeFor) => `${purpose}:${subject}`;
  const nameOf = (wanted: CodeFor, code: string) => `${placeOf(wanted)}:${code}`;

  return {
    /** Makes a code. `recipient` is null where none may be sent: nobody has the address, or had as many in the last hour as one may get. */
    async issue(repos: Repositories, wanted: CodeFor): Promise<{ code: string; recipient: string | null }> {
      const { purpose, userId } = wanted;
      const code = (BigInt(`0x${ids.hex(16)}`) % 100_000_000n).toString().padStart(8, '0');
      await repos.signIn.pruneCodes(after(-60 * minuteMs));
      const sent = await repos.signIn.countCodesSince(userId, purpose, after(-60 * minuteMs));
      const recipient = userId !== null && sent < maxCodesPerHour[purpose] ? userId : null;
      // Without a recipient the row is a decoy: an insert that were left out could be measured.
      const { digest } = digests.current(nameOf(wanted, code));
      const expiresAt = after(codeMinutes * minuteMs);
      const boundTo = digests.current(placeOf(wanted)).digest;
      await repos.signIn.insertCode(
        { id: ids.id(), purpose, digest, userId: recipient, boundTo, expiresAt },
        clock.now(),
      );
      return { code, recipient };
    },

    /** False for a wrong code, which stays counted if the caller commits. True once at most; the person's other codes end with it. */
    async use(repos: Repositories, wanted: CodeFor, code: string): Promise<boolean> {
      const { purpose, userId } = wanted;
      const candidates = digests.candidates(nameOf(wanted, code));
      const boundTo = digests.candidates(placeOf(wanted));
      const codes = await repos.signIn.spendAttempt(userId, purpose, boundTo, maxAttempts, clock.now());
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
