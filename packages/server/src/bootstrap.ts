import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maskToken } from '@pipecat-cloud/contract/token-format';
import { type CredentialDigests, mintCredential } from './access/credential-digests.js';
import { systemActor } from './access/principal.js';
import type { Audit } from './audit/audit-service.js';
import { type Config, ConfigError } from './config/config.js';
import type { Keys } from './config/keys.js';
import { writePrivateFile } from './config/private-file.js';
import type { Store } from './db/store.js';
import type { Clock, Ids } from './system.js';
import { isLive } from './tokens/present-token.js';

interface BootstrapDeps {
  config: Config;
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
}
export interface Bootstrapped {
  installationId: string;
  ownerId: string;
  ownerEmail: string;
  /** The owner's address was given by the environment: no set-up link is needed. */
  headless: boolean;
  /** This call wrote the first token. */
  tokenFile: string | undefined;
}

const tokenLifetimeMs = 24 * 60 * 60 * 1000;
const defaults = { email: 'owner@localhost', organization: 'my-team' };

/**
 * First boot: the owner, a first organization and a first token in a file. Everything happens in one transaction behind a
 * unique setting, so that a second boot, or a second process at the same time, finds it done and changes nothing.
 */
export async function bootstrap({ config, store, clock, ids, audit, digests }: BootstrapDeps): Promise<Bootstrapped> {
  const headless = config.bootstrap.email !== undefined;
  const known = await read(store);
  if (known) return { ...known, headless, tokenFile: undefined };

  const now = clock.now();
  const email = config.bootstrap.email?.toLowerCase() ?? defaults.email;
  const organization = config.bootstrap.organization ?? defaults.organization;
  const made = { installationId: ids.id(), ownerId: ids.id() };
  const { value } = mintCredential(ids, 'personal');
  const { digest, pepperId } = digests.current(value);
  // The file first: were it written last, a crash in between would leave an installation whose only token nobody has.
  await writePrivateFile(config.bootstrap.tokenFile, `${value}\n`);
  const first = await store.transaction(async (repos) => {
    if (!(await repos.settings.add('owner-id', made.ownerId))) return false;
    await repos.settings.add('installation-id', made.installationId);
    const organizationId = ids.id();
    await repos.organizations.insert(
      { id: organizationId, name: organization, verboseName: organization, defaultRegion: config.region.code },
      now,
    );
    await repos.accounts.insert({ id: made.ownerId, email, defaultOrganizationId: organizationId }, now);
    await repos.organizations.addMember(organizationId, made.ownerId, 'owner', now);
    await repos.tokens.insert({
      id: ids.id(),
      kind: 'personal',
      userId: made.ownerId,
      name: 'First boot',
      digest,
      pepperId,
      masked: maskToken(value),
      legacy: false,
      grant: {},
      createdAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + tokenLifetimeMs).toISOString(),
    });
    await audit.record(repos, systemActor, {
      action: 'installation.bootstrapped',
      organizationId,
      target: made.ownerId,
      detail: { email },
    });
    return true;
  });
  if (!first) return await bootstrap({ config, store, clock, ids, audit, digests });
  return { ...made, ownerEmail: email, headless, tokenFile: config.bootstrap.tokenFile };
}

/**
 * Throws where the database was filled with other keys: a second control plane that made its own, or a data folder that was lost. It
 * would recognise no credential and open no secret, and a worker would be told two keys in turn.
 */
export async function checkKeys({ store, keys, config }: { store: Store; keys: Keys; config: Config }): Promise<void> {
  if (await store.tokens.opensWith(keys.peppers.map(({ id }) => id))) return;
  throw new ConfigError([
    `The keys in ${join(config.dataDirectory, 'keys.json')} are not those of this database: no credential would be recognised. Put the keys.json of the control plane that began with this database there, or of its backup, and start again`,
  ]);
}

async function read(
  store: Store,
): Promise<Pick<Bootstrapped, 'installationId' | 'ownerId' | 'ownerEmail'> | undefined> {
  const ownerId = await store.settings.find('owner-id');
  const installationId = await store.settings.find('installation-id');
  const owner = ownerId && (await store.accounts.find(ownerId));
  return ownerId && installationId && owner ? { installationId, ownerId, ownerEmail: owner.email } : undefined;
}

/** When the first token ends, for a hint at its file; undefined where it has ended, or the file is gone. */
export async function firstTokenEnd({
  config,
  store,
  digests,
  clock,
}: Pick<BootstrapDeps, 'config' | 'store' | 'digests' | 'clock'>): Promise<string | undefined> {
  const value = await readFile(config.bootstrap.tokenFile, 'utf8').catch(() => '');
  const token = await store.tokens.findByDigest(digests.candidates(value.trim()));
  return token && isLive(token, clock.now()) ? (token.endsAt ?? token.expiresAt ?? undefined) : undefined;
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
