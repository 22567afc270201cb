import { type Static, Type } from 'typebox';
import { SecretKey } from './names.js';

/** `ready` can be bound to a deploy; `failed` comes with an `errorMessage` (contract §7.5). */
export const SecretSetStatus = Type.Enum(['pending', 'ready', 'failed']);
/** The values lie on the machines of the region, and nothing of them is known here. Absent for a set that is kept here. */
const source = Type.Optional(Type.Literal('referenced'));

export const SecretSetSummary = Type.Object({
  name: Type.String(),
  type: Type.Enum(['secret', 'imagePullSecret']),
  region: Type.String(),
  status: SecretSetStatus,
  errorMessage: Type.Optional(Type.String()),
  source,
  usedBy: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'Agents whose live or wanted deployment uses it, or an instance of an earlier one, as far as the credential may see them',
    }),
  ),
});
export const SecretSetList = Type.Object({ sets: Type.Array(SecretSetSummary) });
export type SecretSetList = Static<typeof SecretSetList>;

/** Names of a set's keys; values are never read back (contract §6.6). */
export const SecretSet = Type.Object({
  secrets: Type.Array(Type.Object({ fieldName: Type.String() })),
  region: Type.String(),
  status: SecretSetStatus,
  errorMessage: Type.Optional(Type.String()),
  source,
});
export type SecretSet = Static<typeof SecretSet>;

/** Characters of one value at most. */
export const secretValueMaximum = 65_536;
/** Bytes that the values of a set may take together. */
export const secretSetMaximumBytes = 524_288;
const value = Type.String({ minLength: 1, maxLength: secretValueMaximum });

/** One key per call from the command line, an array from REST, or a pull secret: all three on both routes (contract §6.6). */
export const PutSecretBody = Type.Object({
  name: Type.Optional(Type.String()),
  isImagePullSecret: Type.Optional(Type.Boolean()),
  secretKey: Type.Optional(SecretKey),
  secretValue: Type.Optional(value),
  secrets: Type.Optional(
    Type.Array(Type.Object({ secretKey: SecretKey, secretValue: value }), { minItems: 1, maxItems: 200 }),
  ),
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  region: Type.Optional(Type.String({ maxLength: 63 })),
});
export type PutSecretBody = Static<typeof PutSecretBody>;

/** RFC 9110, sections 13.1.1 and 13.1.2. No set has an `ETag`, so that a condition is about whether there is one. */
export const PutSecretHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.Literal('*', { description: '`*`: changes a set that is there, and never creates one; 412 otherwise' }),
  ),
  'if-none-match': Type.Optional(
    Type.Literal('*', { description: '`*`: creates a set, and never changes one; 412 otherwise' }),
  ),
});
export type PutSecretHeaders = Static<typeof PutSecretHeaders>;

export const PutSecretResult = Type.Object({ status: Type.Literal('OK'), region: Type.String() });
export type PutSecretResult = Static<typeof PutSecretResult>;

/** Names a set whose values lie in a region of the organization (contract §13.2). */
export const ReferenceSecretBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  region: Type.String({ minLength: 1, maxLength: 63 }),
});
export type ReferenceSecretBody = Static<typeof ReferenceSecretBody>;
export const ReferencedSecretSet = Type.Object({
  name: Type.String(),
  region: Type.String(),
  type: Type.Literal('secret'),
  status: Type.Literal('ready'),
  source: Type.Literal('referenced'),
});
export type ReferencedSecretSet = Static<typeof ReferencedSecretSet>;

export const RegionQuery = Type.Object({ region: Type.Optional(Type.String({ maxLength: 63 })) });
