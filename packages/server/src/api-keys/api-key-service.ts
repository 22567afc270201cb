import type { ApiKeyList, CreateApiKeyBody, CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import { maskToken } from '@pipecat-cloud/contract/token-format';
import { type CredentialDigests, mintCredential } from '../access/credential-digests.js';
import { privateKey, publicKey, requireAsWide } from '../access/lasting-credential.js';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest, conflict, forbidden, notFound } from '../errors.js';
import type { Caller } from '../organizations/caller.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Clock, Ids } from '../system.js';
import type { ApiKey, NewApiKey } from './api-key-repository.js';

interface ApiKeyServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  box: SecretBox;
}

const maxLiveOfType = 5;

export function createApiKeyService({ store, clock, ids, audit, digests, box }: ApiKeyServiceDeps) {
  return {
    /** Revoked keys stay listed. Public keys carry their value (contract §6.5), private ones only what `maskToken` leaves. */
    async list(organizationId: string): Promise<ApiKeyList> {
      const keys = await store.apiKeys.list(organizationId);
      const shown = keys.filter(({ sealed }) => sealed !== null);
      const opener = shown.length > 0 ? await box.forOrganization(store, organizationId) : undefined;
      return {
        public: keys
          .filter(({ type }) => type === 'public')
          .map((key) => ({
            ...present(key),
            key: key.sealed && opener ? opener.open(['apiKey', key.id], key.sealed) : key.masked,
          })),
        private: keys.filter(({ type }) => type === 'private').map((key) => ({ ...present(key), masked: key.masked })),
      };
    },

    async create(caller: Caller, body: CreateApiKeyBody): Promise<CreatedApiKey> {
      const { organization, actor } = caller;
      requireMaker(caller, body.type, 'make');
      const name = body.name.trim();
      if (name === '') throw badRequest('An API key needs a name that says where it is used');
      const { value } = mintCredential(ids, body.type);
      const id = ids.id();
      const made = {
        id,
        type: body.type,
        name,
        masked: maskToken(value),
        createdAt: clock.now().toISOString(),
        ...digests.current(value),
      };
      const key = await store.changeAccess(async (repos) => {
        if (!(await repos.organizations.lock(organization.id))) throw notFound('Organization', organization.name);
        if ((await repos.apiKeys.countLive(organization.id, body.type)) >= maxLiveOfType) {
          throw conflict(
            `${organization.name} has ${maxLiveOfType} ${body.type} keys already, which is the most; revoke one first`,
          );
        }
        const sealed = body.type === 'public' ? await box.seal(repos, organization.id, ['apiKey', id], value) : null;
        const inserted: NewApiKey = { ...made, sealed };
        await repos.apiKeys.insert(organization.id, inserted);
        await audit.record(repos, actor, {
          action: 'api_key.created',
          organizationId: organization.id,
          target: id,
          detail: { name, type: body.type },
        });
        return inserted;
      });
      return { ...present({ ...key, revokedAt: null, lastUsedAt: null }), key: value, type: body.type };
    },

    /** May be repeated. Once it has returned, this process accepts nothing more with the key. */
    async revoke(organization: OrganizationAccess, actor: Actor, id: string): Promise<void> {
      const key = await store.apiKeys.find(organization.id, id);
      if (!key) throw notFound('API key', id);
      if (key.type === 'private') requireAdmin(organization, 'revoke');
      await store.changeAccess(async (repos) => {
        if (!(await repos.apiKeys.revoke(organization.id, id, clock.now()))) return;
        await audit.record(repos, actor, {
          action: 'api_key.revoked',
          organizationId: organization.id,
          target: id,
          detail: { name: key.name, type: key.type },
        });
      });
    },

    /** A new value for the same id and name. Once it has returned, this process accepts nothing more with the old one. */
    async rotate(caller: Caller, id: string): Promise<CreatedApiKey> {
      const { organization, actor } = caller;
      const key = await store.apiKeys.find(organization.id, id);
      if (!key) throw notFound('API key', id);
      requireMaker(caller, key.type, 'rotate');
      if (key.revokedAt)
        throw conflict(`The key '${key.name}' was revoked on ${key.revokedAt}; make a new one instead`);
      const { value } = mintCredential(ids, key.type);
      const secret = { masked: maskToken(value), ...digests.current(value) };
      await store.changeAccess(async (repos) => {
        const sealed = key.type === 'public' ? await box.seal(repos, organization.id, ['apiKey', id], value) : null;
        // Of two rotations at once only one may answer with a value: the other's would be dead on arrival.
        if (!(await repos.apiKeys.replaceSecret(organization.id, id, key.digest, { ...secret, sealed }))) {
          throw conflict(
            `The key '${key.name}' was rotated or revoked at this very moment; look at the list and try again`,
          );
        }
        await audit.record(repos, actor, {
          action: 'api_key.rotated',
          organizationId: organization.id,
          target: id,
          detail: { name: key.name, type: key.type },
        });
      });
      return { ...present(key), key: value, type: key.type };
    },
  };
}
export type ApiKeyService = ReturnType<typeof createApiKeyService>;

function requireMaker({ organization, principal }: Caller, type: ApiKey['type'], verb: string): void {
  if (type === 'private') requireAdmin(organization, verb);
  requireAsWide(organization, principal, type === 'private' ? privateKey : publicKey);
}

function requireAdmin(organization: OrganizationAccess, verb: string): void {
  if (organization.role === 'admin' || organization.role === 'owner') return;
  throw forbidden(
    'missing_permission',
    `Only an admin or owner of ${organization.name} may ${verb} private keys; your role is ${organization.role}. Ask one of them`,
  );
}

function present(key: Pick<ApiKey, 'id' | 'name' | 'createdAt' | 'revokedAt' | 'lastUsedAt'>) {
  return {
    id: key.id,
    metadata: { name: key.name },
    createdAt: key.createdAt,
    revoked: key.revokedAt !== null,
    lastUsedAt: key.lastUsedAt,
  };
}
