import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useTitle } from '../../lib/use-title';
import { Empty, Failure, Loading } from '../../ui/states';
import { AgentsCard } from './agents-card';
import { organizationsQuery } from './overview-queries';
import { SessionsCard } from './sessions-card';

const route = getRouteApi('/signed-in/');

/** What is running, in one organization. */
export function OverviewPage() {
  useTitle('Overview');
  const organizations = useQuery(organizationsQuery);
  const { org } = route.useSearch();
  if (organizations.isPending) return <Loading what="your organizations" />;
  if (organizations.isError) return <Failure error={organizations.error} onRetry={() => organizations.refetch()} />;
  const chosen = organizations.data.find(({ name }) => name === org) ?? organizations.data[0];
  if (!chosen) {
    return <Empty title="You belong to no organization">Ask an admin of one to add you.</Empty>;
  }
  return (
    <>
      <div className="mb-6 flex flex-wrap items-end justify-between gap-4">
        <div className="min-w-0">
          <p className="text-sm text-muted">What is running</p>
          <h1 className="text-2xl font-semibold tracking-tight wrap-anywhere">{chosen.verboseName}</h1>
        </div>
        {organizations.data.length > 1 && (
          <OrganizationChoice names={organizations.data.map(({ name }) => name)} chosen={chosen.name} />
        )}
      </div>
      <div className="space-y-6">
        <AgentsCard org={chosen.name} />
        <SessionsCard org={chosen.name} />
      </div>
    </>
  );
}

function OrganizationChoice({ names, chosen }: { names: readonly string[]; chosen: string }) {
  const navigate = useNavigate();
  return (
    <label className="flex items-center gap-2 text-sm text-muted">
      Organization
      <select
        value={chosen}
        onChange={(event) => navigate({ to: '/', search: { org: event.target.value } })}
        className="min-h-9 rounded-lg border border-strong-line bg-card px-2.5 text-ink"
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
