import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { isUuid } from '../uuid.js';

export interface WebhookAgent {
  organization: { id: string; name: string };
  agent: Agent;
}

/** Whose webhook an address is: `{org}` is the organization's name or its id, both are seen (contract §1). */
export function createWebhookAgents(store: Pick<Store, 'organizations' | 'agents'>) {
  return {
    async find(org: string, name: string): Promise<WebhookAgent | undefined> {
      const organization =
        (await store.organizations.findByName(org)) ?? (isUuid(org) ? await store.organizations.find(org) : undefined);
      const agent = organization && (await store.agents.find(organization.id, name));
      return agent && { organization, agent };
    },
  };
}
export type WebhookAgents = ReturnType<typeof createWebhookAgents>;
