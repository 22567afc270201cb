/** Settings that move an endpoint, for example behind a proxy of one's own, with their defaults (contract §4.2). */
export const endpointPaths = {
  auth_config_path: '/auth/config',
  logout_path: '/auth/logout',
  whoami_path: '/v1/users',
  organization_path: '/v1/organizations',
  daily_key_path: '/v1/organizations/{org}/daily',
  services_path: '/v1/organizations/{org}/services',
  services_logs_path: '/v1/organizations/{org}/services/{service}/logs',
  services_deployments_path: '/v1/organizations/{org}/services/{service}/deployments',
  services_sessions_path: '/v1/organizations/{org}/services/{service}/sessions',
  start_path: '/v1/public/{service}/start',
  api_keys_path: '/v1/organizations/{org}/apiKeys',
  secrets_path: '/v1/organizations/{org}/secrets',
  regions_path: '/v1/organizations/{org}/regions',
  properties_path: '/v1/organizations/{org}/properties',
  builds_path: '/v1/organizations/{org}/builds',
  registry_keys_path: '/v1/organizations/{org}/registry-keys',
  agent_profiles_path: '/v1/organizations/{org}/agent-profiles',
  spend_limit_path: '/v1/organizations/{org}/spend-limit',
  github_install_url_path: '/v1/organizations/{org}/github/install-url',
  github_link_url_path: '/v1/organizations/{org}/github/link-url',
  github_installation_path: '/v1/organizations/{org}/github/installation',
  github_repositories_path: '/v1/organizations/{org}/github/repositories',
  service_git_path: '/v1/organizations/{org}/services/{service}/environments/production/git',
} as const;
export type EndpointKey = keyof typeof endpointPaths;
export type EndpointOverrides = Partial<Record<EndpointKey, string>>;

/** The most exact first: logs of a service before the service. */
const byLength = (Object.entries(endpointPaths) as [EndpointKey, string][]).sort((a, b) => b[1].length - a[1].length);

/**
 * Puts an endpoint's own path in the place of the default one; what follows it (a name, an id) stays. A path below another
 * endpoint's is that endpoint's: moving `services_path` does not move the logs, which have a setting of their own.
 */
export function movePath(path: string, overrides: EndpointOverrides): string {
  for (const [key, template] of byLength) {
    const match = patternOf(template).exec(path);
    if (!match) continue;
    const override = overrides[key];
    if (override === undefined) return path;
    const { rest = '', ...names } = match.groups ?? {};
    return override.replace(/\{(org|service)\}/g, (whole, name: string) => names[name] ?? whole) + rest;
  }
  return path;
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}(?<rest>(?:/.*)?)$`);
}
