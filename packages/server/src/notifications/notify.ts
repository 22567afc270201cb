import type { NotificationKind } from '@pipecat-cloud/contract/notifications';
import type { Repositories } from '../db/store.js';

export interface Notification {
  kind: NotificationKind;
  /** Its webhooks and, where `userIds` is absent, its owners and admins are told. Null for what is a person's own. */
  organizationId: string | null;
  userIds?: readonly string[];
  /** One line. */
  subject: string;
  /** Plain text with the way out. Never a secret. */
  text: string;
  /** The page of the dashboard that helps, as a path; mails end with its address. */
  path?: string;
  /** For webhooks: ids and times. Never a secret. */
  data: Readonly<Record<string, unknown>>;
}

/** Puts a notification into the caller's transaction, so that it is sent if and only if the change was made. */
export type Notify = (repos: Repositories, notification: Notification) => Promise<void>;

export interface Mail {
  to: string;
  subject: string;
  text: string;
  /** The same for every attempt, so that mail programs show a mail once that had to be sent twice. */
  id?: string;
}
/** Sends one mail now; throws when the mail server does not take it. Without a mail server the terminal gets it. */
export type SendMail = (mail: Mail) => Promise<void>;
