import type { RequestFunction } from './client.js';
import type { StatusOk } from './errors.js';

/** The calls about deploying from GitHub and about registry keys. So far each throws `ApiError` 404, which says what to do instead. */
export function githubCalls(request: RequestFunction) {
  const segment = encodeURIComponent;
  const org = (name: string) => `/v1/organizations/${segment(name)}`;
  const git = (o: string, name: string) => `${org(o)}/services/${segment(name)}/environments/production/git`;
  return {
    getGithubInstallation: (o: string) => request<StatusOk>('GET', `${org(o)}/github/installation`),
    removeGithubInstallation: (o: string) => request<StatusOk>('DELETE', `${org(o)}/github/installation`),
    getGithubInstallUrl: (o: string) => request<StatusOk>('GET', `${org(o)}/github/install-url`),
    getGithubLinkUrl: (o: string) => request<StatusOk>('GET', `${org(o)}/github/link-url`),
    listGithubRepositories: (o: string) => request<StatusOk>('GET', `${org(o)}/github/repositories`),
    listGithubBranches: (o: string, owner: string, repo: string) =>
      request<StatusOk>('GET', `${org(o)}/github/repositories/${segment(owner)}/${segment(repo)}/branches`),
    linkRepository: (o: string, name: string, body: object) => request<StatusOk>('POST', git(o, name), { body }),
    unlinkRepository: (o: string, name: string) => request<StatusOk>('DELETE', git(o, name)),
    deployFromRepository: (o: string, name: string) =>
      request<StatusOk>('POST', `${git(o, name)}/deploy`, { body: {} }),

    createRegistryKey: (o: string, body: object) => request<StatusOk>('POST', `${org(o)}/registry-keys`, { body }),
    deleteRegistryKey: (o: string, id: string) => request<StatusOk>('DELETE', `${org(o)}/registry-keys/${segment(id)}`),
  };
}
