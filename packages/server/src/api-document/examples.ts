import type { Schema } from './document.js';

/** What the parameters of paths are, by their names. */
export const parameterExamples: Readonly<Record<string, { description: string; example: string }>> = {
  org: { description: 'Name of the organization', example: 'my-team' },
  name: { description: 'Name of the agent', example: 'my-agent' },
  agent: { description: 'Name of the agent', example: 'my-agent' },
  set: { description: 'Name of the secret set', example: 'my-secrets' },
  key: { description: 'Name of the secret, or code of the region', example: 'OPENAI_API_KEY' },
  id: { description: 'Id, as the list has it', example: '639f91d8-0000-4000-8000-00000000f001' },
  userId: { description: 'Id of the person', example: '639f91d8-0000-4000-8000-00000000f002' },
  tokenId: { description: 'Id of the token', example: '639f91d8-0000-4000-8000-00000000f003' },
  uid: { description: 'What the consent page was opened with', example: 'Zk3vJ1bq9RwXy5uT' },
  apiName: { description: 'Name of the profile', example: 'my-profile' },
  owner: { description: 'Owner of the repository', example: 'my-team' },
  repo: { description: 'Name of the repository', example: 'my-agent' },
  path: { description: 'Path', example: 'api/offer' },
};

const uuid = '639f91d8-0000-4000-8000-00000000f001';
const time = '2026-01-31T12:00:00.000Z';
const masked = 'pcc_pat_…40ab';

/** Requests as somebody would send them, where every member at once would be refused or mean nothing. */
export const bodyExamples: Readonly<Record<string, unknown>> = {
  createService: {
    serviceName: 'my-agent',
    image: 'registry.example.com/my-team/my-agent:1.4',
    secretSet: 'my-secrets',
    autoScaling: { minAgents: 1, maxAgents: 10 },
    agentProfile: 'agent-1x',
  },
  updateService: { serviceName: 'my-agent', buildId: uuid, autoScaling: { maxAgents: 20 } },
  createAgentByKey: { serviceName: 'my-agent', image: 'registry.example.com/my-team/my-agent:1.4' },
  updateAgentByKey: { autoScaling: { maxAgents: 20 } },
  putSecretByKey: { secrets: [{ secretKey: 'OPENAI_API_KEY', secretValue: 'the value' }] },
  startSession: { body: { caller: 'Dana' } },
  startPublic: { transport: 'webrtc', body: { caller: 'Dana' } },
  putSecret: { secretKey: 'OPENAI_API_KEY', secretValue: 'the value' },
  createToken: { name: 'ci', expiresInDays: 90, grant: { preset: 'deploy', agents: ['my-agent'] } },
  createServiceAccountToken: { name: 'ci', expiresInDays: 180, grant: { preset: 'deploy' } },
  deriveToken: { name: 'one job', expiresInMinutes: 15, grant: { permissions: ['agents:read'] } },
  deriveSelf: { name: 'one job', expiresInMinutes: 15, grant: { permissions: ['agents:read'] } },
  rotateToken: { overlapHours: 24 },
  rotateSelf: { overlapHours: 24 },
  rotateServiceAccountToken: { overlapHours: 24 },
  putPolicy: { maxTokenDays: 90, expiryRequired: true },
  dryRunPolicy: { maxTokenDays: 90, expiryRequired: true },
};

/** What `name` is, by the tag of the route. */
const names: Readonly<Record<string, string>> = {
  agents: 'my-agent',
  'private API': 'my-agent',
  sessions: 'my-agent',
  tokens: 'ci',
  'organization tokens': 'ci',
  'service accounts': 'ci',
  secrets: 'my-secrets',
  keys: 'website',
  organizations: 'my-team',
};

/** Texts by the name of the member: the first whose pattern matches. */
const texts: readonly [RegExp, string][] = [
  [/^(serviceName|agents?)$/, 'my-agent'],
  [/^agentProfile$/, 'agent-1x'],
  [/^websocketAuth$/, 'token'],
  [/^audioFilter$/, 'tel'],
  [/^role$/, 'developer'],
  [/^deploymentID$/, uuid],
  [/^cpu$/, '500m'],
  [/^(value|token)$/, 'pcc_pat_…'],
  [/^(reason|revokedReason)$/, 'revoked by its owner'],
  [/^(message|error|errorMessage|lastError|sentence|problem|what|warning)$/, 'a sentence that says what happened'],
  [/^(lastUsed)?[cC]iRun$/, 'https://ci.example.com/jobs/17'],
  [/^state$/, 'running'],
  [/^code$/, 'PCC_IMAGE_NOT_FOUND'],
  [/^action$/, 'agent.deployed'],
  [/^log$/, 'Session started'],
  [/^memory$/, '1Gi'],
  [/^(organization|organizations|defaultOrganization)$/, 'my-team'],
  [/^(secretSet|imagePullSecretSet)$/, 'my-secrets'],
  [/^email(Address)?$/, 'dana@example.com'],
  [/^(region|defaultRegion|availableValues|currentValue)$/, 'local'],
  [/^(.*At|since|until|timestamp|eventTs)$/, time],
  [/^(day|from|to)$/, '2026-01-31'],
  [/(^id$|Id$|_id$|^uploadId$)/, uuid],
  [/^image$/, 'registry.example.com/my-team/my-agent:1.4'],
  [/^imageUri$/, 'registry.local/my-team/my-agent@sha256:9f86d081884c7d65'],
  [/^(networks|allowedNetworks)$/, '192.0.2.0/24'],
  [/[aA]ddress$/, '192.0.2.7'],
  [/^masked$/, masked],
  [/^cursor$/, '1.2mk'],
  [/(Uri|Url|url|link|href|endpoint|issuer|continueAt)$/, 'https://pipecat.example.com/'],
  [/^contextHash$/, '9f86d081884c7d65'],
  [/(hash|Hash)$/, '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  [/^dockerfilePath$/, 'Dockerfile'],
  [/[uU]serAgent$/, 'pipecat-cli/0.1.0'],
  [/^secretKey$|^fieldName$/, 'OPENAI_API_KEY'],
  [/^userCode$/, 'BCDF-GHJK'],
  [/^(name|verboseName|title|display_name|clientName|label|names)$/, 'my-name'],
];

/**
 * A value of the schema, made of the schema's own examples, defaults and choices and of the table above. Optional members are in
 * it too, as long as it is not too deep for a reader.
 */
export function exampleOf(schema: Schema, tag = ''): unknown {
  return sampleOf(schema, '', tag, 0);
}

function sampleOf(schema: Schema, name: string, tag: string, depth: number): unknown {
  const [first] = (schema.examples as unknown[] | undefined) ?? [];
  if (first !== undefined) return first;
  if (schema.const !== undefined) return schema.const;
  const [choice] = (schema.enum as unknown[] | undefined) ?? [];
  if (choice !== undefined) return choice;
  if (schema.default !== undefined) return schema.default;
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices) return sampleOf(choices[0] ?? {}, name, tag, depth);
  // Of those that may be null, the other.
  const type = [schema.type].flat()[0];
  if (type === 'object' || schema.properties) return objectOf(schema, name, tag, depth);
  if (type === 'array') {
    const many = (schema.minItems as number | undefined) ?? 0;
    return depth > 5 && many === 0 ? [] : [sampleOf((schema.items as Schema | undefined) ?? {}, name, tag, depth + 1)];
  }
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.max(1, (schema.minimum as number | undefined) ?? 1);
  if (type === 'null') return null;
  if (type === 'string') return textOf(schema, name, tag);
  return {};
}

function objectOf(schema: Schema, name: string, tag: string, depth: number): unknown {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  const members = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  // Of exactly one member, whichever: the first.
  const shown = schema.maxProperties === 1 ? members.slice(0, 1) : members;
  const isPlain = members.length === 0;
  if (isPlain) {
    const others =
      schema.additionalProperties ?? Object.values((schema.patternProperties as object | undefined) ?? {})[0];
    return typeof others === 'object' && others !== null
      ? { key: sampleOf(others as Schema, name, tag, depth + 1) }
      : {};
  }
  return Object.fromEntries(
    shown
      .filter(([member]) => required.has(member) || depth < 3)
      .map(([member, each]) => [member, sampleOf(each, member, tag, depth + 1)]),
  );
}

function textOf(schema: Schema, name: string, tag: string): string {
  const {
    pattern,
    minLength = 0,
    maxLength = Number.POSITIVE_INFINITY,
  } = schema as {
    pattern?: string;
    minLength?: number;
    maxLength?: number;
  };
  const fits = (text: string) =>
    text.length >= minLength &&
    text.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern, 'u').test(text));
  const own = /^(name|verboseName|title)$/.test(name) ? names[tag] : undefined;
  const known = texts.filter(([names]) => names.test(name)).map(([, text]) => text);
  const others = ['text', 'my-name', 'my-long-passphrase', 'OPENAI_API_KEY', time, '12345678', 'dana@example.com'];
  const found = [...(own === undefined ? [] : [own]), ...known, ...others].find(fits);
  if (found === undefined)
    throw new Error(`No example for '${name}' (${JSON.stringify(schema)}): add one to examples.ts`);
  return found;
}
