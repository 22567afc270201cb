import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Client, createClient } from '@pipecat-cloud/contract/client';
import { formatToken, maskToken } from '@pipecat-cloud/contract/token-format';
import { createCredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { openKeys } from '@pipecat-cloud/server/config/keys';
import { openUnmigrated } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import type { ProvenDatabase } from './database.js';

/** An organization, its owner, and a public key as a browser would use it. */
export interface Tenant {
  name: string;
  client: Client;
  publicKey: string;
  url: string;
}

/** Adds organizations with an owner each: people can't make one themselves, so they are written with the server's own store. */
export async function addTenants(
  { dataDir, database, url }: { dataDir: string; database: ProvenDatabase; url: string },
  names: readonly string[],
): Promise<Tenant[]> {
  const keys = await openKeys(join(dataDir, 'keys.json'));
  const store = createStore(await openUnmigrated(database.config));
  const tokens: { name: string; token: string }[] = [];
  try {
    for (const name of names) {
      const now = new Date();
      const [organizationId, userId] = [randomUUID(), randomUUID()];
      const token = formatToken('personal', randomBytes(20).toString('hex'));
      await store.organizations.insert({ id: organizationId, name, verboseName: name, defaultRegion: 'us-west' }, now);
      await store.accounts.insert(
        { id: userId, email: `owner@${name}.example`, defaultOrganizationId: organizationId },
        now,
      );
      await store.organizations.addMember(organizationId, userId, 'owner', now);
      await store.tokens.insert({
        ...createCredentialDigests(keys.peppers).current(token),
        ...{ id: randomUUID(), kind: 'personal', userId, name: 'Owner', masked: maskToken(token), legacy: false },
        ...{ grant: {}, createdAt: now.toISOString(), expiresAt: null },
      });
      tokens.push({ name, token });
    }
  } finally {
    await store.close();
  }
  return await Promise.all(
    tokens.map(async ({ name, token }) => {
      const client = createClient({ host: url, token, timeoutMs: 40_000 });
      const { key } = await client.createApiKey(name, { name: 'prove', type: 'public' });
      return { name, client, publicKey: key, url };
    }),
  );
}
