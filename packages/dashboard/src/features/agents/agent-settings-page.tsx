import { useState } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { leastRoleFor } from '../organization/org-context';
import { DeleteAgentDialog } from './delete-agent-dialog';
import { DeploymentForm } from './deployment-form';
import { LimitsForm } from './limits-form';
import { LogRetentionForm } from './log-retention-form';
import { useAgent } from './use-agent';

/** What can be changed of an agent without its code. */
export function AgentSettingsPage() {
  const { org, name } = useAgent();
  const [deleting, setDeleting] = useState(false);
  const deploys = org.can('agents:deploy');
  return (
    <>
      {!deploys && (
        <Alert tone="warn">
          You see the settings; changing them takes the role {leastRoleFor('agents:deploy')}. Admins and owners are
          under Members.
        </Alert>
      )}
      <LimitsForm />
      <DeploymentForm />
      <LogRetentionForm />
      {org.can('agents:delete') && (
        <Card title="Deleting">
          <div className="px-4 py-4 sm:px-5">
            <Button look="quietDanger" onClick={() => setDeleting(true)}>
              Delete the agent
            </Button>
          </div>
        </Card>
      )}
      {deleting && <DeleteAgentDialog name={name} onClose={() => setDeleting(false)} />}
    </>
  );
}
