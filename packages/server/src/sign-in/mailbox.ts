import type { SendMail } from '../notifications/notify.js';

interface MailboxDeps {
  sendMail: SendMail;
  /** Told of mails that could not be sent; the error carries no code. */
  onFailed: (error: unknown) => void;
}

/**
 * Mails about signing in. No request waits for one: how long a mail server takes would say whether an address is known, and its
 * failure is the operator's to mend.
 */
export function createMailbox({ sendMail, onFailed }: MailboxDeps) {
  const later = (to: string, subject: string, text: string) => {
    setImmediate(() => void sendMail({ to, subject, text }).catch(onFailed));
  };
  return {
    code(to: string, code: string, purpose: 'sign_in' | 'step_up'): void {
      const what = purpose === 'sign_in' ? 'Sign-in code' : 'Confirmation code';
      // The code stands in the first line, so that the preview of a phone and the terminal show it.
      const text = `${what} for ${to}: ${code} (10 minutes)\n\nIf you did not ask for it, somebody typed your address; you need do nothing.`;
      later(to, `${what} for Pipecat Cloud`, text);
    },
    /** So that a change that the person did not make is noticed (ASVS 5, 6.3.7). */
    changed(to: string, what: string): void {
      const text = `${what} (account ${to}).\n\nIf this was not you: sign in, open Account, then Security, and end the sessions that you do not know.`;
      later(to, `${what} · Pipecat Cloud`, text);
    },
  };
}
export type Mailbox = ReturnType<typeof createMailbox>;
