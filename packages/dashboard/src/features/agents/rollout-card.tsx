import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { deploymentState, shortId, sourceOf } from './deployment-words';
import type { RolloutDoing } from './rollout-dialogs';
import { useAgent } from './use-agent';

interface RolloutCardProps {
  deployments: readonly DeploymentRecord[];
  onDo: (doing: RolloutDoing) => void;
}

/** Where a deployment was asked for and is not live: what it waits for, and what one may decide. Else the way back. */
export function RolloutCard({ deployments, onDo }: RolloutCardProps) {
  const { org, agent } = useAgent();
  const { activeDeploymentId: live, desiredDeploymentId: desired } = agent;
  const candidate = desired === live ? undefined : deployments.find(({ id }) => id === desired);
  const deploys = org.can('agents:deploy');
  if (!candidate) {
    const before = deployments.find(({ state }) => state === 'retired');
    return (
      <Card
        title="Rollout"
        actions={
          deploys &&
          before && (
            <Button onClick={() => onDo({ what: 'rollback', to: undefined })}>Roll back to the one before</Button>
          )
        }
      >
        <p className="px-4 py-4 text-sm sm:px-5">
          {live === null ? 'No deployment takes sessions.' : `${shortId(live)} takes every new session.`} None waits to
          take over.
        </p>
      </Card>
    );
  }
  const { tone, words, about } = deploymentState(candidate.state);
  const percent = agent.rollout?.canaryPercent;
  return (
    <Card title="Rollout">
      <div className="space-y-2 px-4 py-4 text-sm sm:px-5">
        <p>
          <Badge tone={tone}>{percent ? `${words}, ${percent} %` : words}</Badge>
        </p>
        <p className="wrap-anywhere">
          <span className="font-mono text-[13px]">{shortId(candidate.id)}</span> from {sourceOf(candidate)} {about}.{' '}
          {live === null
            ? 'No other takes sessions.'
            : agent.rollout?.strict
              ? 'Until it is ready, starts wait.'
              : `${shortId(live)} takes ${percent && candidate.state === 'canary' ? `the other ${100 - percent} %` : 'the new sessions meanwhile'}.`}
        </p>
        {candidate.error && <p className="text-bad wrap-anywhere">{candidate.error.message}</p>}
        {deploys && (
          <div className="flex flex-wrap gap-2 pt-1">
            {candidate.state !== 'failed' && (
              <Button look="primary" onClick={() => onDo({ what: 'promote', candidate })}>
                Promote…
              </Button>
            )}
            {live !== null && (
              <Button onClick={() => onDo({ what: 'withdraw', candidate })}>
                {candidate.state === 'failed' ? 'Clear it…' : 'Withdraw it…'}
              </Button>
            )}
          </div>
        )}
      </div>
    </Card>
  );
}
