import type { ApiDocument, Schema } from './document.js';

const modules = [
  () => import('@pipecat-cloud/contract/accounts'),
  () => import('@pipecat-cloud/contract/agent-profiles'),
  () => import('@pipecat-cloud/contract/agents'),
  () => import('@pipecat-cloud/contract/api-keys'),
  () => import('@pipecat-cloud/contract/audit'),
  () => import('@pipecat-cloud/contract/builds'),
  () => import('@pipecat-cloud/contract/daily'),
  () => import('@pipecat-cloud/contract/deployments'),
  () => import('@pipecat-cloud/contract/errors'),
  () => import('@pipecat-cloud/contract/installation'),
  () => import('@pipecat-cloud/contract/leaks'),
  () => import('@pipecat-cloud/contract/logs'),
  () => import('@pipecat-cloud/contract/members'),
  () => import('@pipecat-cloud/contract/oauth'),
  () => import('@pipecat-cloud/contract/organizations'),
  () => import('@pipecat-cloud/contract/policies'),
  () => import('@pipecat-cloud/contract/properties'),
  () => import('@pipecat-cloud/contract/regions'),
  () => import('@pipecat-cloud/contract/registry-keys'),
  () => import('@pipecat-cloud/contract/secrets'),
  () => import('@pipecat-cloud/contract/service-accounts'),
  () => import('@pipecat-cloud/contract/sessions'),
  () => import('@pipecat-cloud/contract/sign-in'),
  () => import('@pipecat-cloud/contract/spend-limit'),
  () => import('@pipecat-cloud/contract/tokens'),
  () => import('@pipecat-cloud/contract/usage'),
  () => import('@pipecat-cloud/contract/webhooks'),
];

/** The contract's objects by the names that it exports them with. */
export async function contractSchemas(): Promise<Map<string, Schema>> {
  const found = new Map<string, Schema>();
  for (const load of modules) {
    for (const [name, value] of Object.entries(await load())) {
      const isObject = typeof value === 'object' && value !== null && 'properties' in value && /^[A-Z]/.test(name);
      // Parameters of paths and queries are spelled out where they are used.
      if (!isObject || /(Query|Params|Range)$/.test(name)) continue;
      found.set(name === 'ErrorEnvelope' ? 'Error' : name, plain(value));
    }
  }
  return found;
}

/** As it goes over the wire: without the marks that the schema library leaves, and without `$id`, which would be another document. */
function plain(schema: unknown): Schema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === '$id' ? undefined : value)));
}

/** Undoes what the library did to schemas with an `$id`: they stand in `components` already, under names of its own. */
export function inlineSchemas(document: ApiDocument): void {
  const moved = document.components.schemas ?? {};
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const name = '$ref' in value ? String(value.$ref).split('/').at(-1) : undefined;
    // It gave them their `$id` as a title, too.
    const { title: _, ...found } = (name === undefined ? undefined : moved[name]) ?? {};
    const schema = Object.keys(found).length > 0 ? found : value;
    return Object.fromEntries(Object.entries(schema).map(([member, each]) => [member, inline(each)]));
  };
  document.paths = inline(document.paths) as ApiDocument['paths'];
}

/** Puts each schema that the contract has a name for in `components`, once, and a reference in its place everywhere else. */
export function shareSchemas(document: ApiDocument, named: ReadonlyMap<string, Schema>): void {
  const names = new Map<string, string>();
  const textOf = memo();
  for (const [name, schema] of named) if (!names.has(textOf(schema))) names.set(textOf(schema), name);
  const used = new Map<string, Schema>();

  function share(value: unknown, isRoot = false): unknown {
    if (Array.isArray(value)) return value.map((each) => share(each));
    if (typeof value !== 'object' || value === null) return value;
    const name = isRoot ? undefined : names.get(textOf(value));
    if (name === undefined) {
      return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, share(each)]));
    }
    if (!used.has(name)) {
      used.set(name, {}); // Before its members, which may name it again.
      used.set(name, share(named.get(name) ?? {}, true) as Schema);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  document.paths = share(document.paths) as ApiDocument['paths'];
  // Those that only the answers of all routes refer to.
  for (const name of ['Error', 'OauthError']) share(named.get(name));
  document.components.schemas = Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON with sorted members: equal for equal schemas. */
function memo() {
  const known = new WeakMap<object, string>();
  return function textOf(value: unknown): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
    const seen = known.get(value);
    if (seen !== undefined) return seen;
    const text = Array.isArray(value)
      ? `[${value.map(textOf).join()}]`
      : `{${Object.entries(value)
          .filter(([member, each]) => each !== undefined && member !== '$id')
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([member, each]) => `${JSON.stringify(member)}:${textOf(each)}`)
          .join()}}`;
    known.set(value, text);
    return text;
  };
}
