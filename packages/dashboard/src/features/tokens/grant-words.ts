import { explicitPermissions, type Permission, presets } from '@pipecat-cloud/contract/permissions';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { listed, permissionWords } from './permission-words';

/** Whose rights a token has at most. */
export type Bearer =
  | { kind: 'you' }
  | { kind: 'serviceAccount'; name: string; organization: string }
  | { kind: 'parent'; name: string };

/** The permissions that a grant names; undefined for one that acts as its owner. */
export function namedPermissions({ preset, permissions }: Grant): readonly Permission[] | undefined {
  return preset ? presets[preset] : permissions;
}

/** What a token of this grant will be able to do, in one sentence or two for whoever is about to make it. */
export function sentenceOf(grant: Grant, bearer: Bearer): string {
  const named = namedPermissions(grant);
  if (named?.length === 0) return 'It will be able to do nothing but say who it is. Choose at least one permission.';
  const what = named ? listed(named.map((name) => permissionWords[name])) : everything(bearer);
  const limits = [whereOf(grant, bearer), agentsOf(grant), fromOf(grant)].filter((text) => text !== '').join(', ');
  const first = `It will be able to ${what}${limits ? ` ${limits}` : ''}.`;
  return named ? first : `${first} ${exceptions(grant)}`;
}

function everything(bearer: Bearer): string {
  if (bearer.kind === 'you') return 'do everything that you can do';
  return bearer.kind === 'parent'
    ? `do what “${bearer.name}” can do`
    : `do everything that the role of ${bearer.name} allows`;
}

/** What "everything" leaves out. */
function exceptions({ agents }: Grant): string {
  if (agents) return 'What reaches beyond single agents is left out: members, keys, secrets and policies.';
  const left = listed(
    [...explicitPermissions].map((name) => permissionWords[name]),
    'or',
  );
  return `It will not ${left}.`;
}

function whereOf({ organizations }: Grant, bearer: Bearer): string {
  if (organizations) return `in ${listed(organizations)}`;
  if (bearer.kind === 'you') return 'in all your organizations, also those that you join later';
  return bearer.kind === 'serviceAccount' ? `in ${bearer.organization}` : '';
}

function agentsOf({ agents }: Grant): string {
  if (!agents) return '';
  return `for the ${agents.length === 1 ? 'agent' : 'agents'} ${listed(agents)} alone`;
}

function fromOf({ networks }: Grant): string {
  return networks ? `and only from ${listed(networks, 'or')}` : '';
}

/** The same of a token that exists, as short lines. */
export function restrictionsOf(grant: Grant): {
  access: string;
  organizations: string;
  agents: string;
  networks: string;
} {
  const named = namedPermissions(grant);
  const preset = grant.preset === 'deploy' ? 'Deploys from CI' : grant.preset === 'readOnly' ? 'Reads only' : undefined;
  return {
    access:
      preset ?? (named ? `${named.length} ${named.length === 1 ? 'permission' : 'permissions'}` : 'Acts as its owner'),
    organizations: grant.organizations ? listed(grant.organizations) : 'All of its owner',
    agents: grant.agents ? listed(grant.agents) : 'All',
    networks: grant.networks ? listed(grant.networks) : 'Anywhere',
  };
}
