import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatToken, maskToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { inRoot } from './paths.js';

/** The parts of the built server that are used here. */
interface Built {
  openDatabase(database: { dialect: 'sqlite'; file: string }): Promise<object>;
  createStore(database: object): {
    organizations: {
      insert(organization: object, now: Date): Promise<void>;
      addMember(organizationId: string, userId: string, role: string, now: Date): Promise<void>;
    };
    accounts: { insert(account: object, now: Date): Promise<void> };
    tokens: { insert(token: object): Promise<void> };
    close(): Promise<void>;
  };
  openKeys(file: string): Promise<{ peppers: object }>;
  createCredentialDigests(peppers: object): { current(token: string): object };
}

async function built(): Promise<Built> {
  const load = (path: string) => import(pathToFileURL(inRoot('packages/server/dist', path)).href);
  const parts = await Promise.all([
    ...['db/open.js', 'db/store.js', 'config/keys.js', 'access/credential-digests.js'].map(load),
  ]);
  return Object.assign({}, ...parts) as Built;
}

/**
 * Adds an organization with an owner to an installation that does not run: people can't make one yet, so it is written with the
 * server's own store. Returns the owner's token, which acts as the owner where no grant narrows or widens it.
 */
export async function addOrganization(dataDir: string, name: string, grant: Grant = {}): Promise<string> {
  const { openDatabase, createStore, openKeys, createCredentialDigests } = await built();
  const keys = await openKeys(join(dataDir, 'keys.json'));
  const store = createStore(await openDatabase({ dialect: 'sqlite', file: join(dataDir, 'pipecat-cloud.db') }));
  const now = new Date();
  const [organizationId, userId] = [randomUUID(), randomUUID()];
  const token = formatToken('personal', randomBytes(20).toString('hex'));
  try {
    await store.organizations.insert({ id: organizationId, name, verboseName: name, defaultRegion: 'us-west' }, now);
    const account = { id: userId, email: `owner@${name}.example`, defaultOrganizationId: organizationId };
    await store.accounts.insert(account, now);
    await store.organizations.addMember(organizationId, userId, 'owner', now);
    await store.tokens.insert({
      ...createCredentialDigests(keys.peppers).current(token),
      id: randomUUID(),
      kind: 'personal',
      userId,
      name: 'Owner',
      masked: maskToken(token),
      legacy: false,
      grant,
      createdAt: now.toISOString(),
      expiresAt: null,
    });
  } finally {
    await store.close();
  }
  return token;
}
