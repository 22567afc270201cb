import type { TSchema } from 'typebox';
import { shapes } from './shapes.js';

/** As far as it is read here. */
interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  patternProperties?: Record<string, Schema>;
  description?: string;
}

const nameOf = (schema: Schema) => Object.entries(shapes).find(([, shape]) => (shape as Schema) === schema)?.[0];

/** A schema as TypeScript writes it: short enough to read. What has a name in `shapes` is told by that, but for the outermost. */
export function printSchema(schema: TSchema | Schema, indent = '', isRoot = true): string {
  const { anyOf, enum: words, const: value, type, items, properties, patternProperties } = schema as Schema;
  const name = nameOf(schema as Schema);
  if (name && !isRoot) return name;
  if (value !== undefined) return JSON.stringify(value);
  if (words) return words.map((word) => JSON.stringify(word)).join(' | ');
  if (Array.isArray(type))
    return type.map((one) => printSchema({ ...(schema as Schema), type: one }, indent, false)).join(' | ');
  if (anyOf) return anyOf.map((one) => printSchema(one, indent, false)).join(' | ');
  if (type === 'array' && items) {
    const inner = printSchema(items, indent, false);
    return /[|]/.test(inner) && !inner.startsWith('{') ? `(${inner})[]` : `${inner}[]`;
  }
  if (patternProperties) {
    return `{ [name: string]: ${printSchema(Object.values(patternProperties)[0] ?? {}, indent, false)} }`;
  }
  if (properties) return printObject(schema as Schema, indent);
  return type === 'integer' ? 'number' : (type ?? 'unknown');
}

function printObject({ properties = {}, required = [] }: Schema, indent: string): string {
  const members = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.includes(name) ? '' : '?'}: ${printSchema(schema, `${indent}  `, false)}`,
  );
  const line = `{ ${members.join('; ')} }`;
  if (line.length + indent.length <= 100 && !line.includes('\n')) return line;
  return `{\n${members.map((member) => `${indent}  ${member};`).join('\n')}\n${indent}}`;
}

/** What a command prints, one below the other where it depends on an option. */
export function printResult(schema: TSchema): string {
  const { anyOf } = schema as Schema;
  const all = anyOf ?? [schema as Schema];
  return all
    .map((one) => `${one.description ? `// ${one.description}\n` : ''}${nameOf(one) ?? printSchema(one)}`)
    .join('\n');
}
