import { Page } from '../../ui/page';
import { useOrg } from '../organization/org-context';
import { AgentsCard } from './agents-card';
import { SessionsCard } from './sessions-card';

/** What is running, in one organization. */
export function OverviewPage() {
  const { name, verboseName } = useOrg();
  return (
    <Page title={verboseName} about="What is running">
      <AgentsCard org={name} />
      <SessionsCard org={name} />
    </Page>
  );
}
