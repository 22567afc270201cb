import fastJsonStringify from 'fast-json-stringify';

type Write = (data: unknown) => string;
/** Leaves of a value what its schema names, required ones first. */
type Pick = (value: unknown) => unknown;

interface Schema {
  type?: string | readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: unknown;
  patternProperties?: unknown;
  items?: Schema;
  anyOf?: unknown;
  [more: string]: unknown;
}

/**
 * Writes answers by their schema: what it does not name is left out. Where it only names members, they are picked and written by the
 * engine's own `JSON.stringify`, which takes three quarters of the time for a page of a list.
 */
export function createAnswerWriter(schema: object): Write {
  const pick = pickOf(schema as Schema);
  return pick ? (data) => JSON.stringify(pick(data)) : (fastJsonStringify(schema) as Write);
}

/** Undefined for a schema that says more than which members there are. */
function pickOf({ type: types, anyOf, items, properties, required = [], ...more }: Schema): Pick | undefined {
  const [type = '', another] = [types].flat().filter((one) => one !== 'null');
  if (another || anyOf) return undefined;
  if (scalars.has(type) || more.enum || more.const !== undefined) return scalar;
  if (type === 'array') {
    const pick = items && pickOf(items);
    return pick && ((value) => (Array.isArray(value) ? value.map(pick) : scalar(value)));
  }
  if (type !== 'object' || !properties || more.additionalProperties || more.patternProperties) return undefined;
  const members: { name: string; pick: Pick; needed: boolean }[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const pick = pickOf(schema);
    if (!pick) return undefined;
    members.push({ name, pick, needed: required.includes(name) });
  }
  // As the other writer does it, so that both write the same.
  members.sort((a, b) => Number(b.needed) - Number(a.needed));
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const picked: Record<string, unknown> = {};
    for (const { name, pick, needed } of members) {
      const member = (value as Record<string, unknown>)[name];
      if (member !== undefined) picked[name] = pick(member);
      else if (needed) throw new Error(`The answer lacks '${name}', which its schema requires`);
    }
    return picked;
  };
}

const scalars = new Set(['string', 'integer', 'number', 'boolean', 'null']);
/** Nothing can hide in it. */
const scalar: Pick = (value) =>
  typeof value !== 'object' || value === null || value instanceof Date ? value : String(value);
