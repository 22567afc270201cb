import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { type OrganizationEntry, organizationsQuery } from '../features/organization/organization-queries';

/** The organization that was looked at last in this tab; pages of the account are about none. */
let lastSeen: string | undefined;

/** The organization of the address, else the one of before, else the person's default. */
export function useCurrentOrganization(): OrganizationEntry | undefined {
  const { org: inPath } = useParams({ strict: false });
  const search: { org?: unknown } = useSearch({ strict: false });
  const wanted = inPath ?? (typeof search.org === 'string' ? search.org : undefined);
  const organizations = useQuery(organizationsQuery).data ?? [];
  const named = (name: string | undefined) => organizations.find((organization) => organization.name === name);
  const current = named(wanted) ?? named(lastSeen) ?? organizations[0];
  useEffect(() => {
    if (current) lastSeen = current.name;
  }, [current]);
  return current;
}
