import { notificationKinds } from '@pipecat-cloud/contract/notifications';
import {
  type CreatedWebhook,
  type CreateWebhookBody,
  maxWebhooks,
  type Webhook,
  type WebhookDelivery,
  type WebhookTest,
} from '@pipecat-cloud/contract/webhooks';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { conflict, notFound, tooManyRequests } from '../errors.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Clock, Ids } from '../system.js';
import type { PostWebhook } from './post-webhook.js';
import { readWebhookUrl } from './webhook-address.js';
import { webhookMessage } from './webhook-message.js';
import type { StoredWebhook } from './webhook-repository.js';
import { makeWebhookSecret } from './webhook-signature.js';

interface WebhookServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  box: SecretBox;
  post: PostWebhook;
  allowPrivate: boolean;
}

const listedDeliveries = 100;
const testsPerMinute = 10;

/** Where an organization wants its notifications posted. */
export function createWebhookService(deps: WebhookServiceDeps) {
  const { store, clock, ids, audit, box, post, allowPrivate } = deps;
  const mayTest = createTestLimit(clock);

  async function get(organizationId: string, id: string): Promise<StoredWebhook> {
    const webhook = await store.webhooks.find(organizationId, id);
    if (!webhook) throw notFound('Webhook', id);
    return webhook;
  }

  return {
    async list(organizationId: string): Promise<Webhook[]> {
      return (await store.webhooks.list(organizationId)).map(present);
    },

    /** The secret is in the answer and nowhere else in clear. */
    async create(organization: OrganizationAccess, actor: Actor, body: CreateWebhookBody): Promise<CreatedWebhook> {
      const url = readWebhookUrl(body.url, allowPrivate);
      const secret = makeWebhookSecret();
      const id = ids.id();
      const webhook = await store.transaction(async (repos) => {
        if ((await repos.webhooks.count(organization.id)) >= maxWebhooks) {
          throw conflict(`${organization.name} has ${maxWebhooks} webhooks, which is the most; delete one first`);
        }
        const inserted: StoredWebhook = {
          id,
          url,
          kinds: body.kinds ?? notificationKinds,
          sealed: await box.seal(repos, organization.id, ['webhook', id], secret),
          createdAt: clock.now().toISOString(),
          createdBy: actor.id,
        };
        await repos.webhooks.insert(organization.id, inserted);
        await audit.record(repos, actor, {
          action: 'webhook.created',
          organizationId: organization.id,
          target: id,
          // Its path may be a secret.
          detail: { host: new URL(url).host, kinds: inserted.kinds },
        });
        return inserted;
      });
      return { webhook: present(webhook), secret };
    },

    async remove(organization: OrganizationAccess, actor: Actor, id: string): Promise<void> {
      await store.transaction(async (repos) => {
        const webhook = await repos.webhooks.find(organization.id, id);
        if (!webhook || !(await repos.webhooks.remove(organization.id, id))) throw notFound('Webhook', id);
        await audit.record(repos, actor, {
          action: 'webhook.deleted',
          organizationId: organization.id,
          target: id,
          detail: { host: new URL(webhook.url).host },
        });
      });
    },

    /** One message of the kind `webhook.test`, now; its outcome is the answer. */
    async test(organization: OrganizationAccess, id: string): Promise<WebhookTest> {
      const webhook = await get(organization.id, id);
      mayTest(organization.id);
      const secret = await box.open(store, organization.id, ['webhook', id], webhook.sealed);
      const now = clock.now();
      const { status, error } = await post(
        webhookMessage({
          url: webhook.url,
          secret,
          id: ids.id(),
          type: 'webhook.test',
          createdAt: now.toISOString(),
          now,
          data: { organizationId: organization.id, webhookId: id, summary: 'A test message; nothing has happened' },
        }),
      );
      return { delivered: error === null, status, error };
    },

    async deliveries(organizationId: string, id: string): Promise<WebhookDelivery[]> {
      await get(organizationId, id);
      return await store.notifications.listOfWebhook(organizationId, id, listedDeliveries);
    },
  };
}
export type WebhookService = ReturnType<typeof createWebhookService>;

function present({ id, url, kinds, createdAt }: StoredWebhook): Webhook {
  return { id, url, kinds: [...kinds], createdAt };
}

/** Tests send at once, so their number is bounded: nobody shall use them to knock on other people's doors. */
function createTestLimit(clock: Clock): (organizationId: string) => void {
  const minuteMs = 60_000;
  let since = 0;
  let counts = new Map<string, number>();
  return (organizationId) => {
    const now = clock.now().getTime();
    if (now < since || now >= since + minuteMs) {
      since = now;
      counts = new Map();
    }
    const count = (counts.get(organizationId) ?? 0) + 1;
    if (count > testsPerMinute) {
      const seconds = Math.ceil((since + minuteMs - now) / 1000);
      throw tooManyRequests(
        `At most ${testsPerMinute} tests of webhooks in a minute; wait ${seconds} seconds`,
        seconds,
      );
    }
    counts.set(organizationId, count);
  };
}
