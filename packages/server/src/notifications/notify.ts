import type { Repositories } from '../db/store.js';

/** What people are told by e-mail and webhook. */
export const notificationKinds = [
  'token.expiring',
  'token.reused',
  'token.revoked',
  'credential.leaked',
  'service_account.changed',
  'member.invited',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];

export interface Notification {
  kind: NotificationKind;
  /** Its webhooks and, where `userIds` is absent, its owners and admins are told. Null for what is a person's own. */
  organizationId: string | null;
  userIds?: readonly string[];
  /** One line. */
  subject: string;
  /** Plain text with the way out. Never a secret. */
  text: string;
  /** For webhooks: ids and times. Never a secret. */
  data: Readonly<Record<string, unknown>>;
}

/** Puts a notification into the caller's transaction, so that it is sent if and only if the change was made. */
export type Notify = (repos: Repositories, notification: Notification) => Promise<void>;

export interface Mail {
  to: string;
  subject: string;
  text: string;
}
/** Sends one mail now; throws when the mail server does not take it. Without a mail server the terminal gets it. */
export type SendMail = (mail: Mail) => Promise<void>;
