import type { Client } from '@pipecat-cloud/contract/client';

/** As far as clients read it; a server may say more. */
export interface GithubInstallation {
  githubAccountLogin?: string;
  githubAccountType?: string;
  githubInstallationId?: string | number;
  suspendedAt?: string | null;
}
export interface GithubRepository {
  id?: string | number;
  fullName: string;
  private?: boolean;
  defaultBranch?: string;
}
export interface GitBinding {
  repoFullName: string;
  branch: string;
  dockerfilePath?: string;
  subdirectory?: string;
  autoDeploy?: boolean;
}
export interface DeployIntent {
  id: string;
  commitSha?: string;
  ref?: string;
  status?: string;
}

/** The GitHub routes of contract §13.2. */
export function github({ request }: Client) {
  const org = (name: string) => `/v1/organizations/${encodeURIComponent(name)}`;
  const git = (o: string, agent: string) =>
    `${org(o)}/services/${encodeURIComponent(agent)}/environments/production/git`;
  const repo = (fullName: string) => fullName.split('/').map(encodeURIComponent).join('/');
  return {
    installUrl: (o: string) => request<{ url: string }>('GET', `${org(o)}/github/install-url`),
    linkUrl: (o: string) => request<{ url: string }>('GET', `${org(o)}/github/link-url`),
    installation: (o: string) =>
      request<{ installation: GithubInstallation | null }>('GET', `${org(o)}/github/installation`),
    disconnect: (o: string) => request<unknown>('DELETE', `${org(o)}/github/installation`),
    repositories: (o: string) => request<{ repositories: GithubRepository[] }>('GET', `${org(o)}/github/repositories`),
    branches: (o: string, fullName: string, query: string | undefined) =>
      request<{ branches: string[] }>('GET', `${org(o)}/github/repositories/${repo(fullName)}/branches`, {
        query: { query },
      }),
    link: (o: string, agent: string, body: GitBinding) =>
      request<{ gitConfig: GitBinding }>('POST', git(o, agent), { body }),
    unlink: (o: string, agent: string) => request<unknown>('DELETE', git(o, agent)),
    deploy: (o: string, agent: string) =>
      request<{ deployIntent: DeployIntent }>('POST', `${git(o, agent)}/deploy`, { body: {} }),
  };
}
