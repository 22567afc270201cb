import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyAgent } from './agents.js';
import { createCli } from './cli.js';
import type { Cloud } from './cloud.js';
import { acceptInvitation, type Person } from './person.js';
import { until } from './wait.js';

/** The organization that a new installation begins with. */
export const org = 'my-team';
/** Runs where a page takes text for markup, and is seen where it is shown as text. */
export const canary = (where: string) => `<img src=x onerror="window.taken='${where}'">`;

/** Address and heading of a page that one reaches signed in; a text, where pages share their heading or read on for a while. */
export type FurnishedPage = readonly [path: string, heading: string | RegExp, text?: string];

export interface Furnished {
  /** In two parts, which take as long as one another. */
  pages: Readonly<Record<'people' | 'agents', readonly FurnishedPage[]>>;
  /** A developer beside the owner. */
  dana: Person;
  buildId: string;
}

/** Something on every page of the dashboard, with markup wherever people and programs put text. */
export async function furnish(cloud: Cloud, owner: Person): Promise<Furnished> {
  const access = await furnishAccess(cloud, owner);
  const agents = await furnishAgents(cloud, owner);
  return { dana: access.dana, buildId: agents.buildId, pages: { people: access.pages, agents: agents.pages } };
}

/** People, accounts, tokens, keys. */
async function furnishAccess(cloud: Cloud, owner: Person) {
  await owner.updateOrganization(org, { verboseName: canary('organization') });
  const invitation = await owner.createInvitation(org, { email: 'dana@example.com', role: 'developer' });
  const dana = await acceptInvitation(cloud, invitation.link);
  await owner.createInvitation(org, { email: '"<b>eve</b>"@example.com', role: 'viewer' }).catch(() => {});
  const account = { name: 'ci', role: 'developer', description: canary('description') } as const;
  const { serviceAccount } = await owner.createServiceAccount(org, account);
  await owner.createServiceAccountToken(org, serviceAccount.id, {
    name: canary('service token'),
    grant: { preset: 'deploy', agents: ['echo'], networks: ['127.0.0.0/8', '::1'] },
  });
  const { token, value } = await owner.createToken({ name: canary('token') });
  await owner.deriveToken(token.id, { name: canary('derived'), expiresInMinutes: 60 });
  const old = await owner.createToken({ name: 'GitHub deploy', expiresInDays: 7 });
  await owner.rotateToken(old.token.id);
  await dana.createToken({ name: canary('token of another') });
  await fetch(`${cloud.url}/v1/users`, {
    headers: { authorization: `Bearer ${value}`, 'user-agent': canary('user agent') },
  });
  for (const type of ['public', 'private'] as const) await owner.createApiKey(org, { name: canary(type), type });
  await owner.createWebhook(org, { url: `https://example.com/?q=${encodeURIComponent(canary('webhook'))}` });
  await owner.patchProperties(org, { defaultRegion: canary('region') }).catch(() => {});
  const pages: FurnishedPage[] = [
    ['/account/tokens', 'Personal access tokens'],
    ['/account/tokens?new=true&permission=logs:read&agent=echo', 'Personal access tokens'],
    [`/account/tokens/${token.id}`, /token/],
    ['/account/security', 'Security'],
    ['/account/confirm', 'Confirm that it is you'],
    ['/account/logins', /Sign-ins/],
    ['/account/new-organization', 'New organization'],
    [`/orgs/${org}`, /organization/],
    [`/orgs/${org}/members`, 'Members'],
    [`/orgs/${org}/service-accounts`, 'Service accounts'],
    [`/orgs/${org}/service-accounts/${serviceAccount.id}`, 'ci'],
    [`/orgs/${org}/keys`, 'API keys'],
    [`/orgs/${org}/tokens`, 'Tokens in use'],
    [`/orgs/${org}/policy`, 'Policies'],
    [`/orgs/${org}/audit`, 'Audit log'],
    [`/orgs/${org}/leaks`, 'Leaks'],
    [`/orgs/${org}/webhooks`, 'Webhooks'],
    [`/orgs/${org}/settings`, 'Settings'],
    [`/orgs/${org}/usage?days=7&show=${encodeURIComponent(canary('measure'))}`, 'Usage'],
    ['/installation', 'Installation'],
    [`/orgs/${org}/agents/nobody/sessions/${serviceAccount.id}`, 'Session'],
    [`/orgs/${org}/agents/nobody/try`, 'Try nobody'],
    [`/orgs/${org}/builds/nope`, /^Build/, 'There is no such build here'],
    [`/orgs/${org}/nopage`, 'There is no page here', 'Secret sets'],
    ['/orgs/nowhere', 'You do not reach this organization'],
    ['/device', 'Sign in a device'],
    ['/nowhere', 'There is no page here'],
  ];
  return { dana, pages };
}

/** An agent that runs, with a session, and one that can't; builds, secret sets and a region of their own. */
async function furnishAgents(cloud: Cloud, owner: Person) {
  await owner.putSecret(org, 'voices', { secretKey: 'VOICE_KEY', secretValue: 'x' });
  await owner.putSecret(org, 'registry', {
    ...{ isImagePullSecret: true, host: 'ghcr.io', secretValue: Buffer.from('ann:x').toString('base64') },
  });
  await owner.registerRegion(org, { regionKey: 'pce-lab', displayName: canary('region name') });
  await owner.createAgentProfile(org, {
    ...{ apiName: 'large', displayName: canary('profile'), resources: { cpu: '2', memory: '4Gi' } },
  });
  await owner.createService(org, { serviceName: 'broken', image: `${canary('image').replaceAll(' ', '/')}:1` });
  const folder = copyAgent('e2e/agents/probe');
  // A step of the build that prints what the log is to show as text.
  const step = ['node', '-e', 'console.log(process.argv[1])', canary('build log')];
  appendFileSync(join(folder, 'pcc-deploy.toml'), `setup = [${JSON.stringify(step)}]\n`);
  const cli = createCli({ token: cloud.token(), port: cloud.port });
  await cli.ok(['deploy', '--yes', '--secrets', 'voices', '--min-agents', '1'], { cwd: folder });
  const { sessionId } = await owner.startSession(org, 'probe', { body: { seconds: 3600 } });
  await until('the session has written', async () => {
    const { logs } = await owner.readLogs(org, 'probe', { sessionId });
    return logs.length > 0;
  });
  await owner.updateService(org, { serviceName: 'probe', agentProfile: 'large', rollout: { hold: true } });
  const [after, before] = (await owner.listDeployments(org, 'probe')).deployments;
  const buildId = before?.buildId ?? '';
  const agent = `/orgs/${org}/agents/probe`;
  const pages: FurnishedPage[] = [
    [`/orgs/${org}/agents`, 'Agents'],
    [agent, 'probe', 'Latest sessions'],
    [`${agent}/deployments?from=${before?.id}&to=${after?.id}`, 'probe', 'And another'],
    [`${agent}/secrets`, 'probe', 'VOICE_KEY'],
    [`${agent}/settings`, 'probe', 'Kept warm'],
    [`${agent}/try`, 'Try probe'],
    [`/orgs/${org}/agents/broken`, 'broken'],
    [`/orgs/${org}/agents/broken/deployments`, 'broken', 'Newest first'],
    [`/orgs/${org}/builds`, 'Builds'],
    [`/orgs/${org}/builds/${buildId}`, /^Build/],
    [`/orgs/${org}/secrets`, 'Secret sets'],
    [`/orgs/${org}/secrets/voices`, 'voices', 'VOICE_KEY'],
    [`/orgs/${org}/secrets/registry`, 'registry'],
    [`/orgs/${org}/regions`, 'Regions'],
    [`/orgs/${org}/sessions?agent=probe`, 'Sessions', sessionId],
    [`${agent}/sessions/${sessionId}`, 'Session', 'Show as table'],
    [`/orgs/${org}/logs?agent=probe`, 'Logs', 'beat'],
  ];
  return { buildId, pages };
}
