import type { Role } from '@pipecat-cloud/contract/permissions';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

export const organizationKeys = {
  all: ['organizations'] as const,
  properties: (org: string) => ['organizations', org, 'properties'] as const,
};

export interface OrganizationEntry {
  name: string;
  verboseName: string;
  role: Role;
}

/** Those of the person, their default first. */
export const organizationsQuery = queryOptions({
  queryKey: organizationKeys.all,
  queryFn: async (): Promise<OrganizationEntry[]> =>
    (await api.listOrganizations()).organizations.map(({ name, verboseName, role }) => ({
      name,
      verboseName,
      // A role that is new here shows as one that may read.
      role: isRole(role) ? role : 'viewer',
    })),
  staleTime: 60_000,
});

const isRole = (role: string | undefined): role is Role => /^(viewer|developer|admin|owner)$/.test(role ?? '');

export const propertiesQuery = (org: string) =>
  queryOptions({
    queryKey: organizationKeys.properties(org),
    queryFn: async () => (await api.getPropertySchema(org)).properties.defaultRegion,
  });
