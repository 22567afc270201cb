import type { SendMail } from '../notifications/notify.js';

/** Brings a sign-in code by mail; without a mail server the terminal shows the same words. */
export function mailCode(sendMail: SendMail): (email: string, code: string) => Promise<void> {
  return (email, code) =>
    sendMail({
      to: email,
      subject: 'Your sign-in code',
      text: `Sign-in code for ${email}: ${code} (10 minutes)\n\nIf you did not ask for it, nothing has happened; you need not do anything.`,
    });
}
