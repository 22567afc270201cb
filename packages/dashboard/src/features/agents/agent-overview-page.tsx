import type { Service } from '@pipecat-cloud/contract/agents';
import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Badge } from '../../ui/badge';
import { Card } from '../../ui/card';
import { Facts } from '../../ui/facts';
import { linkStyle } from '../../ui/link-style';
import { Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { deploymentsQuery } from './agent-queries';
import { CapacityCard } from './capacity-card';
import { deploymentState, madeBy, shortId, sourceOf } from './deployment-words';
import { LastSessionsCard } from './last-sessions-card';
import { troubleOf } from './mend';
import { useAgent } from './use-agent';

/** What of the agent is live, what is on its way, what is warm and why, and how its last sessions went. */
export function AgentOverviewPage() {
  const { agent } = useAgent();
  return (
    <>
      <TroubleNote agent={agent} />
      <LiveCard />
      <CapacityCard />
      <LastSessionsCard />
    </>
  );
}

function TroubleNote({ agent }: { agent: Service }) {
  const trouble = troubleOf(agent);
  if (!trouble) return null;
  return (
    <div role="alert" className="rounded-xl bg-bad-soft px-4 py-3 text-sm text-bad wrap-anywhere sm:px-5">
      <p className="font-semibold">{trouble.title}</p>
      <p className="mt-1">{trouble.message}</p>
      <p className="mt-1">{trouble.mend}</p>
    </div>
  );
}

function LiveCard() {
  const { org, name, agent } = useAgent();
  const deployments = useQuery(deploymentsQuery(org.name, name));
  return (
    <Card
      title="Deployment"
      about="Which one takes the new sessions."
      actions={
        <Link
          to="/orgs/$org/agents/$name/deployments"
          params={{ org: org.name, name }}
          className={`text-sm ${linkStyle}`}
        >
          All deployments
        </Link>
      }
    >
      <Loaded query={deployments} what="deployments">
        {(all) => {
          const live = all.find(({ id }) => id === agent.activeDeploymentId);
          const candidate = all.find(({ id }) => id === agent.desiredDeploymentId && id !== agent.activeDeploymentId);
          return (
            <Facts
              rows={[
                ['Live', live ? <DeploymentLine key="l" deployment={live} /> : liveWithoutRecord(agent)],
                ...(candidate
                  ? [['Asked for last', <Candidate key="c" agent={agent} deployment={candidate} />] as const]
                  : []),
                ['Runs with', sizeOf(agent)],
                ['Sockets', agent.websocketAuth === 'none' ? 'open to everybody' : 'need a one-time token'],
              ]}
            />
          );
        }}
      </Loaded>
    </Card>
  );
}

function DeploymentLine({ deployment }: { deployment: DeploymentRecord }) {
  const { id, createdAt, liveAt, imageDigest } = deployment;
  return (
    <>
      <span className="font-mono text-[13px]">{shortId(id)}</span> from {sourceOf(deployment)}
      <span className="block text-muted">
        {liveAt ? (
          <>
            Live since <Time at={liveAt} />
          </>
        ) : (
          <>
            Made <Time at={createdAt} />
          </>
        )}
        , deployed by {madeBy(deployment)}
      </span>
      {imageDigest && <span className="block font-mono text-[13px] text-muted">{imageDigest}</span>}
    </>
  );
}

function Candidate({ agent, deployment }: { agent: Service; deployment: DeploymentRecord }) {
  const { tone, words, about } = deploymentState(deployment.state);
  const percent = agent.rollout?.canaryPercent;
  return (
    <>
      <Badge tone={tone}>{percent ? `${words}, ${percent} %` : words}</Badge>
      <span className="mt-1 block">
        <span className="font-mono text-[13px]">{shortId(deployment.id)}</span> from {sourceOf(deployment)} {about}.
      </span>
      {agent.rollout?.strict && <span className="block">Starts wait until it is ready.</span>}
    </>
  );
}

/** The history ends somewhere; what is live may be older. */
const liveWithoutRecord = ({ activeDeploymentId: id }: Service) =>
  id === null ? 'None yet: no session can begin' : shortId(id);

function sizeOf({ agentProfile, resources }: Service): string {
  const size = resources ? `${resources.cpu} CPU, ${resources.memory} memory` : '';
  return agentProfile ? `${agentProfile}${size && ` (${size})`}` : size;
}
