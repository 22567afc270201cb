import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { organization } from './frames';
import { type Search, texts } from './search';

// What an organization runs.

const overview = createRoute({
  getParentRoute: () => organization,
  path: '/',
  component: lazyRouteComponent(() => import('../../features/overview/overview-page'), 'OverviewPage'),
});
const agents = createRoute({
  getParentRoute: () => organization,
  path: 'agents',
  validateSearch: (search: Search) => texts(search, 'q', 'state', 'region'),
  component: lazyRouteComponent(() => import('../../features/agents/agents-page'), 'AgentsPage'),
});
const agent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name',
  component: lazyRouteComponent(() => import('../../features/agents/agent-frame'), 'AgentFrame'),
});
const agentOverview = createRoute({
  getParentRoute: () => agent,
  path: '/',
  component: lazyRouteComponent(() => import('../../features/agents/agent-overview-page'), 'AgentOverviewPage'),
});
const agentDeployments = createRoute({
  getParentRoute: () => agent,
  path: 'deployments',
  validateSearch: (search: Search) => texts(search, 'from', 'to'),
  component: lazyRouteComponent(() => import('../../features/agents/deployments-page'), 'DeploymentsPage'),
});
const agentSecrets = createRoute({
  getParentRoute: () => agent,
  path: 'secrets',
  component: lazyRouteComponent(() => import('../../features/agents/agent-secrets-page'), 'AgentSecretsPage'),
});
const agentSettings = createRoute({
  getParentRoute: () => agent,
  path: 'settings',
  component: lazyRouteComponent(() => import('../../features/agents/agent-settings-page'), 'AgentSettingsPage'),
});
const tryAgent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/try',
  component: lazyRouteComponent(() => import('../../features/try/try-page'), 'TryPage'),
});
const sessions = createRoute({
  getParentRoute: () => organization,
  path: 'sessions',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'status', 'end', 'start', 'deployment', 'since', 'until', 'page'),
  component: lazyRouteComponent(() => import('../../features/sessions/sessions-page'), 'SessionsPage'),
});
const session = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/sessions/$id',
  component: lazyRouteComponent(() => import('../../features/sessions/session-page'), 'SessionPage'),
});
const logs = createRoute({
  getParentRoute: () => organization,
  path: 'logs',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'level', 'query', 'session', 'deployment', 'since', 'until', 'line'),
  component: lazyRouteComponent(() => import('../../features/logs/logs-page'), 'LogsPage'),
});
const builds = createRoute({
  getParentRoute: () => organization,
  path: 'builds',
  validateSearch: (search: Search) => texts(search, 'status', 'offset'),
  component: lazyRouteComponent(() => import('../../features/builds/builds-page'), 'BuildsPage'),
});
const build = createRoute({
  getParentRoute: () => organization,
  path: 'builds/$id',
  component: lazyRouteComponent(() => import('../../features/builds/build-page'), 'BuildPage'),
});
const secretSets = createRoute({
  getParentRoute: () => organization,
  path: 'secrets',
  component: lazyRouteComponent(() => import('../../features/secrets/secret-sets-page'), 'SecretSetsPage'),
});
const secretSet = createRoute({
  getParentRoute: () => organization,
  path: 'secrets/$set',
  component: lazyRouteComponent(() => import('../../features/secrets/secret-set-page'), 'SecretSetPage'),
});
const regions = createRoute({
  getParentRoute: () => organization,
  path: 'regions',
  component: lazyRouteComponent(() => import('../../features/regions/regions-page'), 'RegionsPage'),
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
