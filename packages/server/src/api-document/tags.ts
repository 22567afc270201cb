const tags: Readonly<Record<string, string>> = {
  agents: 'Agents and their deployments. The paths say services',
  sessions: 'Sessions of agents, started with a token',
  'private API': 'The same for programs that hold a private key, which gives the organization',
  public: 'Starting and talking to sessions with a public key: from browsers and servers',
  logs: 'What agents wrote',
  builds: 'Building images from an uploaded context',
  secrets: 'Secret sets. Values go in and are shown to nobody',
  keys: 'API keys of an organization',
  organizations: 'Organizations, their members, invitations and policies',
  properties: 'Regions and properties',
  tokens: 'Your tokens; `self` is the one in use',
  'organization tokens': 'Tokens of others that reach an organization',
  'service accounts': 'Identities for pipelines and machines, and their tokens',
  audit: 'Who did what',
  leaks: 'Credentials in the open',
  webhooks: 'Where notifications are posted',
  account: 'Who you are, and where you are signed in',
  'sign in': 'Signing in at the dashboard',
  oauth: 'Signing in from the command line',
  'not available': 'Routes of newer clients for what this platform does not have; each answer says what to do instead',
  platform: 'The installation itself',
};

/** In this order: the more asked for, the earlier. */
export const describeTags = () => Object.entries(tags).map(([name, description]) => ({ name, description }));

const rules: readonly [RegExp, string][] = [
  [/\/(registry-keys|github|git)(\/|$)/, 'not available'],
  [/^\/v1\/(agents|secrets|properties|regions|builds)(\/|$)/, 'private API'],
  [/^\/(livez|readyz|leaderz|metrics|openapi\.json|v1\/installation\/health)$/, 'platform'],
  [/\/services\/:name\/(logs|log-retention)(\/|$)/, 'logs'],
  [/\/services\/:name\/sessions/, 'sessions'],
  [/\/(services|deployments|agents)(\/|$)/, 'agents'],
  [/^\/v1\/public\//, 'public'],
  [/\/(builds|uploads)(\/|$)/, 'builds'],
  [/\/secrets(\/|$)/, 'secrets'],
  [/\/apiKeys(\/|$)/, 'keys'],
  [/\/(regions|properties)(\/|$)/, 'properties'],
  [/\/(spend-limit|agent-profiles|daily)(\/|$)/, 'organizations'],
  [/\/service-accounts(\/|$)/, 'service accounts'],
  [/^\/v1\/organizations\/:org\/(tokens|panic|members\/:userId\/tokens)(\/|$)/, 'organization tokens'],
  [/^\/v1\/tokens(\/|$)/, 'tokens'],
  [/\/audit(\/|$)/, 'audit'],
  [/(\/leaks|credentials\/revoke|pipecat-credentials)$/, 'leaks'],
  [/\/webhooks(\/|$)/, 'webhooks'],
  [/^\/(oauth|v1\/oauth|auth\/config|auth\/logout|\.well-known\/o)/, 'oauth'],
  [/^\/auth\//, 'sign in'],
  [/^\/v1\/users(\/|$)/, 'account'],
  [/^\/v1\/(organizations|invitations)(\/|$)/, 'organizations'],
];

/** Throws for a route that no rule knows: it would stand in the document without a place. */
export function tagOf(url: string): string {
  const found = rules.find(([pattern]) => pattern.test(url));
  if (!found) throw new Error(`${url} has no tag: add a rule to tags.ts`);
  return found[1];
}
