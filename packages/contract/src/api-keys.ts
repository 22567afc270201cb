import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

const base = {
  id: Type.String(),
  metadata: Type.Object({ name: Type.String() }),
  createdAt: Timestamp,
  revoked: Type.Boolean(),
  lastUsedAt: Type.Optional(Type.Union([Timestamp, Type.Null()])),
};
/** Public keys are listed in clear every time: the contract's clients copy them from the list (contract §6.5). */
export const PublicKey = Type.Object({ ...base, key: Type.String() });
/** Private keys show themselves once, at creation. */
export const PrivateKey = Type.Object({ ...base, masked: Type.String() });

export const ApiKeyList = Type.Object({ public: Type.Array(PublicKey), private: Type.Array(PrivateKey) });
export type ApiKeyList = Static<typeof ApiKeyList>;

export const CreateApiKeyBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  type: Type.Enum(['public', 'private']),
});
export type CreateApiKeyBody = Static<typeof CreateApiKeyBody>;

export const CreatedApiKey = Type.Object({ ...base, key: Type.String(), type: Type.Enum(['public', 'private']) });
export type CreatedApiKey = Static<typeof CreatedApiKey>;
