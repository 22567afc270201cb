import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Keys } from '../config/keys.js';
import type { Repositories } from '../db/store.js';
import type { Clock } from '../system.js';

/** What a sealed value belongs to. It is part of the seal: moved to another organization, set, field or key, the value doesn't open. */
export type SealContext =
  | readonly ['secret', set: string, field: string]
  | readonly ['apiKey', keyId: string]
  | readonly ['webhook', webhookId: string]
  | readonly ['daily', name: 'key' | 'dialin'];

/** One organization's key, unwrapped. Hold it for one piece of work, not longer. */
export interface OrganizationBox {
  seal(context: SealContext, text: string): string;
  /** Throws when the value was altered, moved, or sealed under another key. The error says nothing of the value. */
  open(context: SealContext, sealed: string): string;
}

type SecretRepositories = Pick<Repositories, 'secrets'>;

/**
 * Envelope encryption of what must be read back: AES-256-GCM under a random data key per organization, which is kept wrapped by a
 * master key that is not in the database. Values read `v1.<iv>.<tag>.<ciphertext>` in base64url; wrapped keys have the master's id
 * after the version.
 */
export function createSecretBox({ masters, clock }: { masters: Keys['masters']; clock: Clock }) {
  const [newest] = masters;
  if (!newest) throw new Error('The secret box needs at least one master key');

  function wrap(organizationId: string, dataKey: Buffer): string {
    const { id, key } = newest as Keys['masters'][number];
    return ['v1', id, ...encrypt(key, ['data-key', organizationId, id], dataKey)].join('.');
  }

  function unwrap(organizationId: string, sealed: string): Buffer {
    const [version, id, ...parts] = sealed.split('.');
    const master = masters.find((candidate) => candidate.id === id);
    if (version !== 'v1' || !id || !master) {
      throw new Error(
        `The data key of organization ${organizationId} needs master key ${id}, which the key file lacks`,
      );
    }
    return decrypt(master.key, ['data-key', organizationId, id], parts);
  }

  async function dataKeyFor(repos: SecretRepositories, organizationId: string): Promise<Buffer> {
    if ((await repos.secrets.dataKey(organizationId)) === undefined) {
      await repos.secrets.insertDataKey(organizationId, wrap(organizationId, randomBytes(32)), clock.now());
    }
    // Read again: of two that race, only one key is kept, and that one must be used.
    const sealed = await repos.secrets.dataKey(organizationId);
    if (sealed === undefined) throw new Error(`Organization ${organizationId} has no data key`);
    const dataKey = unwrap(organizationId, sealed);
    if (sealed.split('.')[1] !== newest?.id) {
      await repos.secrets.rewrapDataKey(organizationId, sealed, wrap(organizationId, dataKey));
    }
    return dataKey;
  }

  function boxOf(organizationId: string, dataKey: Buffer): OrganizationBox {
    return {
      seal: (context, text) =>
        ['v1', ...encrypt(dataKey, [organizationId, ...context], Buffer.from(text, 'utf8'))].join('.'),
      open(context, sealed) {
        const [version, ...parts] = sealed.split('.');
        if (version !== 'v1') throw new Error(`A sealed value has the unknown version ${version}`);
        return decrypt(dataKey, [organizationId, ...context], parts).toString('utf8');
      },
    };
  }

  /** For several values at once: the data key is read, unwrapped, and made where there is none. */
  const forOrganization = async (repos: SecretRepositories, organizationId: string): Promise<OrganizationBox> =>
    boxOf(organizationId, await dataKeyFor(repos, organizationId));

  return {
    forOrganization,
    /** Whether a data key, as it is kept, can be unwrapped with the master keys of now. */
    opens(organizationId: string, sealed: string): boolean {
      try {
        unwrap(organizationId, sealed);
        return true;
      } catch {
        return false;
      }
    },
    /** Inside a transaction hand in its repositories, so that a new data key and what it sealed are kept or lost together. */
    async seal(repos: SecretRepositories, organizationId: string, context: SealContext, text: string): Promise<string> {
      return (await forOrganization(repos, organizationId)).seal(context, text);
    },
    async open(
      repos: SecretRepositories,
      organizationId: string,
      context: SealContext,
      sealed: string,
    ): Promise<string> {
      return (await forOrganization(repos, organizationId)).open(context, sealed);
    },
  };
}
export type SecretBox = ReturnType<typeof createSecretBox>;

/** A list in JSON has one reading only, so no two contexts share bytes. */
const boundTo = (context: readonly string[]) => Buffer.from(JSON.stringify(context), 'utf8');

function encrypt(key: Buffer, context: readonly string[], data: Buffer): string[] {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(context));
  const ciphertext = Buffer.concat([cipher.update(data), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'));
}

function decrypt(key: Buffer, context: readonly string[], parts: readonly string[]): Buffer {
  const [iv, tag, ciphertext] = parts.map((part) => Buffer.from(part, 'base64url'));
  // A shorter tag would be accepted by default and is easier to forge.
  if (!iv || !tag || !ciphertext || parts.length !== 3 || tag.length !== 16)
    throw new Error('A sealed value is damaged');
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
    .setAAD(boundTo(context))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new Error('A sealed value does not open: it was altered, moved, or sealed under another key', { cause });
  }
}
