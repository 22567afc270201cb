import { createHash } from 'node:crypto';

/**
 * One record of the audit log, as it is stored, listed and exported. Every member is always there, so that anyone can recompute
 * `hash`: it is the SHA-256 of the record without `hash`, as canonical JSON.
 */
export interface AuditLine {
  /** Position in its chain, from 1, without gaps. */
  seq: number;
  /** `hash` of the record before it; `genesisHash` for the first. */
  prevHash: string;
  hash: string;
  id: string;
  /** Whose chain it is in; null for what belongs to no organization. */
  organizationId: string | null;
  /** ISO 8601, UTC. Records of one moment may stand in either order. */
  at: string;
  actorKind: string;
  actorId: string | null;
  credentialId: string | null;
  /** What that credential was derived from. */
  parentCredentialId: string | null;
  address: string | null;
  userAgent: string | null;
  ciRun: string | null;
  action: string;
  target: string | null;
  detail: Record<string, unknown> | null;
}

/** Where a chain stands: the position and hash of its newest record, or of the newest that retention removed. */
export interface ChainPoint {
  seq: number;
  hash: string;
}
export interface ChainProblem extends ChainPoint {
  what: string;
}

export const genesisHash = '0'.repeat(64);
export const chainStart: ChainPoint = { seq: 0, hash: genesisHash };

/** Members sorted by name, nothing between them: one text for one value. Takes what `JSON.parse` gives. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

export function hashOf({ hash: _, ...fields }: AuditLine | (Omit<AuditLine, 'hash'> & { hash?: string })): string {
  return createHash('sha256').update(canonicalJson(fields)).digest('hex');
}

/** The line of an export, without its line end. */
export const exportedLine = (line: AuditLine): string => canonicalJson(line);

const textOrNull = (value: unknown) => value === null || typeof value === 'string';
const isHash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isText = (value: unknown) => typeof value === 'string';
const checks: Readonly<Record<keyof AuditLine, (value: unknown) => boolean>> = {
  seq: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  prevHash: isHash,
  hash: isHash,
  id: isText,
  organizationId: textOrNull,
  at: isText,
  actorKind: isText,
  actorId: textOrNull,
  credentialId: textOrNull,
  parentCredentialId: textOrNull,
  address: textOrNull,
  userAgent: textOrNull,
  ciRun: textOrNull,
  action: isText,
  target: textOrNull,
  detail: (value) => value === null || (typeof value === 'object' && !Array.isArray(value)),
};

/**
 * Reads a line of an export. Undefined for anything but a whole record in exactly the form that exports have: a member that stands
 * twice would be read one way and shown another.
 */
export function readLine(text: string): AuditLine | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    if (value === null || typeof value !== 'object') return undefined;
    const names = Object.keys(checks) as (keyof AuditLine)[];
    const whole = Object.keys(value).length === names.length && names.every((name) => name in value);
    if (!whole || !names.every((name) => checks[name](value[name]))) return undefined;
    return canonicalJson(value) === text ? (value as unknown as AuditLine) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks records one after another, from `after` on; without it, from the first record given. `add` answers the first problem, and
 * from then on that one for ever: what follows a break cannot be judged.
 */
export function createChainChecker(after?: ChainPoint & { organizationId: string | null }) {
  let last: (ChainPoint & { organizationId: string | null }) | undefined = after;
  let from: number | undefined;
  let records = 0;
  let problem: ChainProblem | undefined;

  function wrong(line: AuditLine): string | undefined {
    if (hashOf(line) !== line.hash) return 'its fields do not give its hash: it was changed after it was written';
    if (!last) {
      const first = line.seq === 1 && line.prevHash !== genesisHash;
      return first ? 'it is the first, but follows something else' : undefined;
    }
    if (line.organizationId !== last.organizationId) return 'it belongs to another chain';
    if (line.seq <= last.seq)
      return `it stands after record ${last.seq}: a record was put in, or the order was changed`;
    if (line.seq > last.seq + 1) return `${missing(last.seq + 1, line.seq - 1)} before it`;
    if (line.prevHash !== last.hash) {
      return `it does not follow from record ${last.seq}: one of the two was changed or replaced`;
    }
    return undefined;
  }

  return {
    add(line: AuditLine): ChainProblem | undefined {
      if (problem) return problem;
      const what = wrong(line);
      if (what !== undefined) {
        problem = { seq: line.seq, hash: line.hash, what };
        return problem;
      }
      from ??= line.seq;
      records++;
      last = { seq: line.seq, hash: line.hash, organizationId: line.organizationId };
      return undefined;
    },
    /** How far it came. `from` is undefined as long as no record was good. */
    get state(): { records: number; from: number | undefined; last: ChainPoint | undefined } {
      return { records, from, last: last && { seq: last.seq, hash: last.hash } };
    },
  };
}
export type ChainChecker = ReturnType<typeof createChainChecker>;

function missing(from: number, to: number): string {
  return from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`;
}
