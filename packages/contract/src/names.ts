import { type Static, type TBoolean, type TInteger, type TString, Type } from 'typebox';

/** Agent names: contract §5. At least two characters, at most 54, no dots, so that `{agent}.{organization}` splits at the first dot. */
export const agentNamePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])$';
/** Secret set names: contract §6.6. */
export const secretSetNamePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
/** Keys inside a secret set: contract §4.5. */
export const secretKeyPattern = '^[A-Za-z0-9_-]{1,64}$';
/** Organization names: the slug that clients send back in paths. */
export const organizationNamePattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** Ambiguous in public paths (contract §1): `/v1/public/webhooks/...`, and browser clients replace the first `/start` of a URL. */
export function reservedAgentName(name: string): boolean {
  return name === 'webhooks' || name.startsWith('start');
}

export const AgentName = Type.String({
  pattern: agentNamePattern,
  maxLength: 54,
  description: 'Lower-case letters, digits and dashes',
});
export const SecretSetName = Type.String({ pattern: secretSetNamePattern, minLength: 3, maxLength: 63 });
export const SecretKey = Type.String({
  pattern: secretKeyPattern,
  description: 'Letters, digits, _ and -, at most 64',
});
export const OrganizationName = Type.String({ pattern: organizationNamePattern, minLength: 2, maxLength: 63 });
export const Timestamp = Type.String({ description: 'ISO 8601, UTC, with milliseconds' });

/** A time that a caller names: a date, or a date and time in UTC. */
export const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?Z)?$',
  description: 'ISO 8601: 2026-01-31 or 2026-01-31T12:00:00Z',
});

export const OrganizationParams = Type.Object({ org: Type.String() });

/** A text, number or truth value, or null: as one type with two names, which is written many times as fast as a union. */
export function OrNull<T extends TString | TInteger | TBoolean>(schema: T) {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] });
}
