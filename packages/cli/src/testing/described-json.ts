import { jsonResults } from '../json/results.js';

interface Schema {
  anyOf?: Schema[];
  properties?: Record<string, unknown>;
  required?: string[];
  patternProperties?: unknown;
}

/**
 * What is wrong with the document that a command printed, by its description: members that nobody described, or described ones that
 * are missing. Only of the outermost object: what is inside comes from servers, and those of tests say no more than the test needs.
 */
export function undescribed(args: readonly string[], stdout: string): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-') && arg !== 'cloud');
  const path = [words.slice(0, 3), words.slice(0, 2), words.slice(0, 1)]
    .map((some) => some.join(' '))
    .find((some) => Object.hasOwn(jsonResults, some));
  if (path === undefined || args.includes('--help')) return undefined;
  const schema = jsonResults[path] as unknown as Schema;
  const documents = args.some((arg) => arg === '--follow' || arg === '-F') ? stdout.trim().split('\n') : [stdout];
  for (const document of documents) {
    const members = Object.keys(JSON.parse(document) as object);
    const faults = (schema.anyOf ?? [schema]).map((one) => faultOf(one, members));
    if (faults.every(Boolean)) return `${path} --json: ${faults.join('; or ')}`;
  }
  return undefined;
}

function faultOf({ properties, required = [], patternProperties }: Schema, members: readonly string[]) {
  if (!properties) return patternProperties ? undefined : 'no object';
  const extra = members.filter((name) => !Object.hasOwn(properties, name));
  const missing = required.filter((name) => !members.includes(name));
  const parts = [
    extra.length > 0 ? `not described: ${extra.join(', ')}` : '',
    missing.length > 0 ? `missing: ${missing.join(', ')}` : '',
  ];
  return parts.filter(Boolean).join('; ') || undefined;
}
