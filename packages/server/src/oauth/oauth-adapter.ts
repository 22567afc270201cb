import { parseToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import type { OauthRecord } from './oauth-record-repository.js';
import type { RecordDigests } from './record-digests.js';
import type { RecordSeal } from './record-seal.js';

interface OauthAdapterDeps {
  store: Pick<Store, 'oauthRecords' | 'oauthLogins'>;
  clock: Clock;
  digests: RecordDigests;
  seal: RecordSeal;
  /** A code or a refresh token came a second time: the sign-in and all that it led to end before this resolves. */
  endReplayed: (grantDigest: string) => Promise<void>;
  /** What the token endpoint answers to the loser of a race. */
  alreadyUsed: () => Error;
}

const kept = new Set(['Grant', 'AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode', 'Interaction']);
const tokenKinds: Partial<Record<string, TokenKind>> = { AccessToken: 'oauth', RefreshToken: 'refresh' };

/**
 * The library's storage. Ids reach the database as keyed digests, and payloads sealed and without the id. Being consumed is decided by
 * one statement, so of two requests with one code or refresh token one wins. The library's own browser session is not kept at all:
 * who is signed in is the dashboard's matter alone, asked anew for every sign-in.
 */
export function createOauthAdapter({ store, clock, digests, seal, endReplayed, alreadyUsed }: OauthAdapterDeps) {
  const records = store.oauthRecords;
  const placeOf = (model: string, digest: string) => `${model}:${digest}`;

  /** A malformed token costs no query. */
  const impossible = (model: string, id: string) => {
    const kind = tokenKinds[model];
    return kind !== undefined && parseToken(id)?.kind !== kind;
  };

  function toPayload(record: OauthRecord, id: string | undefined): AdapterPayload {
    const payload = JSON.parse(seal.open(placeOf(record.model, record.digest), record.payload)) as AdapterPayload;
    const { jti = id, ...rest } = payload;
    return {
      ...rest,
      ...(jti === undefined ? {} : { jti }),
      ...(record.consumedAt === null ? {} : { consumed: Math.floor(Date.parse(record.consumedAt) / 1000) }),
      // By this system's clock; the library would ask the machine's.
      ...(record.expiresAt > clock.now().toISOString() ? {} : { exp: 0 }),
    };
  }

  return (model: string): Adapter => {
    if (!kept.has(model)) {
      return {
        upsert: async () => {},
        find: async () => undefined,
        findByUserCode: async () => undefined,
        findByUid: async () => undefined,
        consume: async () => {},
        destroy: async () => {},
        revokeByGrantId: async () => {},
      };
    }
    // A device code is found by its user code when a person decides on it, and must be stored again under its own id.
    const keepsId = model === 'DeviceCode';

    return {
      async upsert(id, { jti, consumed: _, ...payload }, expiresIn) {
        const { grantId = model === 'Grant' ? id : undefined, userCode } = payload;
        const grantDigest = grantId === undefined ? null : digests.ofGrant(grantId);
        const text = JSON.stringify(keepsId ? { ...payload, jti } : payload);
        await records.upsert({
          model,
          digests: digests.ofId(model, id),
          grantDigest,
          userCodeDigest: userCode === undefined ? null : (digests.ofUserCode(userCode)[0] ?? null),
          sealFor: (digest) => seal.seal(placeOf(model, digest), text),
          expiresAt: new Date(clock.now().getTime() + (expiresIn ?? 0) * 1000),
        });
        if (model === 'AccessToken' && grantDigest !== null)
          await store.oauthLogins.markIssued(grantDigest, clock.now());
      },

      async find(id) {
        if (impossible(model, id)) return undefined;
        const record = await records.find(model, digests.ofId(model, id));
        return record && toPayload(record, id);
      },

      async findByUserCode(userCode) {
        const record = await records.findByUserCode(digests.ofUserCode(userCode));
        return record && toPayload(record, undefined);
      },

      findByUid: async () => undefined,

      async consume(id) {
        const candidates = digests.ofId(model, id);
        if (await records.consume(model, candidates, clock.now())) return;
        const grantDigest = (await records.find(model, candidates))?.grantDigest;
        // Two refreshes at once may be two commands of one person, so only a later replay ends the sign-in; a code is never sent twice.
        if (model !== 'RefreshToken' && grantDigest) await endReplayed(grantDigest);
        throw alreadyUsed();
      },

      async destroy(id) {
        if (model === 'Grant') await endReplayed(digests.ofGrant(id));
        else await records.remove(model, digests.ofId(model, id));
      },

      revokeByGrantId: (grantId) => records.removeByGrant(digests.ofGrant(grantId), model),
    };
  };
}
