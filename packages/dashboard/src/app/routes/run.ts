import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '../lazy-page';
import { organization } from './frames';
import { type Search, texts } from './search';

// What an organization runs.

const overview = createRoute({
  getParentRoute: () => organization,
  path: '/',
  component: lazyPage(() => import('../../features/overview/overview-page'), 'OverviewPage'),
});
const agents = createRoute({
  getParentRoute: () => organization,
  path: 'agents',
  validateSearch: (search: Search) => texts(search, 'q', 'state', 'region'),
  component: lazyPage(() => import('../../features/agents/agents-page'), 'AgentsPage'),
});
const agent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name',
  component: lazyPage(() => import('../../features/agents/agent-frame'), 'AgentFrame'),
});
const agentOverview = createRoute({
  getParentRoute: () => agent,
  path: '/',
  component: lazyPage(() => import('../../features/agents/agent-overview-page'), 'AgentOverviewPage'),
});
const agentDeployments = createRoute({
  getParentRoute: () => agent,
  path: 'deployments',
  validateSearch: (search: Search) => texts(search, 'from', 'to'),
  component: lazyPage(() => import('../../features/agents/deployments-page'), 'DeploymentsPage'),
});
const agentSecrets = createRoute({
  getParentRoute: () => agent,
  path: 'secrets',
  component: lazyPage(() => import('../../features/agents/agent-secrets-page'), 'AgentSecretsPage'),
});
const agentSettings = createRoute({
  getParentRoute: () => agent,
  path: 'settings',
  component: lazyPage(() => import('../../features/agents/agent-settings-page'), 'AgentSettingsPage'),
});
const tryAgent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/try',
  component: lazyPage(() => import('../../features/try/try-page'), 'TryPage'),
});
const sessions = createRoute({
  getParentRoute: () => organization,
  path: 'sessions',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'status', 'end', 'start', 'deployment', 'since', 'until', 'page'),
  component: lazyPage(() => import('../../features/sessions/sessions-page'), 'SessionsPage'),
});
const session = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/sessions/$id',
  component: lazyPage(() => import('../../features/sessions/session-page'), 'SessionPage'),
});
const logs = createRoute({
  getParentRoute: () => organization,
  path: 'logs',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'level', 'query', 'session', 'deployment', 'since', 'until', 'line'),
  component: lazyPage(() => import('../../features/logs/logs-page'), 'LogsPage'),
});
const builds = createRoute({
  getParentRoute: () => organization,
  path: 'builds',
  validateSearch: (search: Search) => texts(search, 'status', 'offset'),
  component: lazyPage(() => import('../../features/builds/builds-page'), 'BuildsPage'),
});
const build = createRoute({
  getParentRoute: () => organization,
  path: 'builds/$id',
  component: lazyPage(() => import('../../features/builds/build-page'), 'BuildPage'),
});
const secretSets = createRoute({
  getParentRoute: () => organization,
  path: 'secrets',
  component: lazyPage(() => import('../../features/secrets/secret-sets-page'), 'SecretSetsPage'),
});
const secretSet = createRoute({
  getParentRoute: () => organization,
  path: 'secrets/$set',
  component: lazyPage(() => import('../../features/secrets/secret-set-page'), 'SecretSetPage'),
});
const regions = createRoute({
  getParentRoute: () => organization,
  path: 'regions',
  component: lazyPage(() => import('../../features/regions/regions-page'), 'RegionsPage'),
});
export const run = [
  overview,
  agents,
  agent.addChildren([agentOverview, agentDeployments, agentSecrets, agentSettings]),
  tryAgent,
  sessions,
  session,
  logs,
  builds,
  build,
  secretSets,
  secretSet,
  regions,
] as const;
