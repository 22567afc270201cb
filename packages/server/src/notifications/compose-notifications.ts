import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { createMailer, type MailServer } from '../mail/mailer.js';
import { createPeriodic } from '../periodic.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Clock, Ids } from '../system.js';
import { createDeliverMail, createDeliverWebhook } from './deliver.js';
import type { SendMail } from './notify.js';
import { createNotify } from './outbox.js';
import { createPostWebhook, type PostWebhook } from './post-webhook.js';
import { sendReminders } from './reminders.js';
import { createSender } from './sender.js';
import { webhookRoutes } from './webhook-routes.js';
import { createWebhookService } from './webhook-service.js';

interface NotificationsDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  box: SecretBox;
  log: Logger;
  publicUrl: string;
  privateWebhooks: boolean;
  mailServer: MailServer | undefined;
  /** Says a few lines to whoever runs the installation, and writes them to no log. */
  terminal: (text: string) => void;
  /** In place of the mail server, for tests. */
  sendMail?: SendMail | undefined;
  /** In place of the network, for tests. */
  post?: PostWebhook | undefined;
}

const hourMs = 60 * 60 * 1000;
const keptDays = 30;

/** E-mail, webhooks and reminders. `start` after the routes are in place; `close` breaks off what is under way, to be sent again later. */
export function composeNotifications(deps: NotificationsDeps) {
  const { store, clock, log, mailServer, terminal } = deps;
  const mailer = deps.sendMail ?? (mailServer && createMailer(mailServer));
  const post = deps.post ?? createPostWebhook({ allowPrivate: deps.privateWebhooks });
  const mails = createSender({
    ...deps,
    channel: 'mail',
    // Mail servers dislike many connections from one place.
    concurrency: 3,
    deliver: createDeliverMail({ send: mailer, log, publicUrl: deps.publicUrl }),
  });
  const webhooks = createSender({
    ...deps,
    channel: 'webhook',
    concurrency: 16,
    deliver: createDeliverWebhook({ ...deps, post }),
  });
  const nudge = () => {
    mails.nudge();
    webhooks.nudge();
  };
  const notify = createNotify({ ...deps, nudge });
  const closing = new AbortController();
  const housekeeping = createPeriodic({
    run: async () => {
      await sendReminders({ store, clock, notify }, closing.signal);
      await store.notifications.prune(new Date(clock.now().getTime() - keptDays * 24 * hourMs));
    },
    intervalMs: hourMs,
    onError: (err) => log.error({ err }, 'reminders could not be sent; they are looked at again in an hour'),
  });
  const service = createWebhookService({ ...deps, post, allowPrivate: deps.privateWebhooks });

  return {
    notify,
    /** Looks at once for what is due, reminders too. */
    nudge: () => {
      housekeeping.nudge();
      nudge();
    },
    /** For what a person waits for: codes, invitations. Without a mail server the terminal gets it whole. */
    sendMail: mailer ?? (async ({ to, subject, text }) => terminal(`Mail to ${to}: ${subject}\n${text}`)),
    register: (http: FastifyInstance) => http.register(webhookRoutes, { webhooks: service }),
    start(): void {
      mails.start();
      webhooks.start();
      housekeeping.start();
    },
    async close(): Promise<void> {
      closing.abort();
      await housekeeping.close();
      await webhooks.close();
      await mails.close();
    },
  };
}
export type Notifications = ReturnType<typeof composeNotifications>;
