import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../ui/badge';
import { Card } from '../../ui/card';
import { linkStyle } from '../../ui/link-style';
import { MenuItem, MenuLine, RowMenu } from '../../ui/menu';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { deploymentsQuery } from './agent-queries';
import { CompareCard } from './compare-card';
import { deploymentState, madeBy, rolloutWords, settingWords, shortId } from './deployment-words';
import { RolloutCard } from './rollout-card';
import { RolloutDialogs, type RolloutDoing } from './rollout-dialogs';
import { useAgent } from './use-agent';

const route = getRouteApi('/signed-in/orgs/$org/agents/$name/deployments');

/** Every deployment with what became of it; promoting, rolling back, comparing. */
export function DeploymentsPage() {
  const { org, name } = useAgent();
  const compared = route.useSearch();
  const navigate = route.useNavigate();
  const deployments = useQuery(deploymentsQuery(org.name, name));
  const [doing, setDoing] = useState<RolloutDoing>();
  // Counted, so that asking for another comparison shows it anew, wherever the page was scrolled to.
  const [asked, setAsked] = useState(0);
  const compare = (from: string, to: string) => void navigate({ search: { from, to }, replace: true });
  return (
    <Loaded query={deployments} what="deployments">
      {(all) => (
        <>
          <RolloutCard deployments={all} onDo={setDoing} />
          {compared.from !== undefined && compared.to !== undefined && (
            <CompareCard
              key={asked}
              wanted={asked > 0}
              deployments={all}
              from={compared.from}
              to={compared.to}
              onChange={compare}
              onClose={() => void navigate({ search: {}, replace: true })}
            />
          )}
          <History
            deployments={all}
            onDo={setDoing}
            onCompare={(one, other) => {
              setAsked(asked + 1);
              compare(one, other);
            }}
          />
          <RolloutDialogs doing={doing} onClose={() => setDoing(undefined)} />
        </>
      )}
    </Loaded>
  );
}

interface HistoryProps {
  deployments: readonly DeploymentRecord[];
  onDo: (doing: RolloutDoing) => void;
  /** Ids. */
  onCompare: (one: string, other: string) => void;
}

function History({ deployments, onDo, onCompare }: HistoryProps) {
  const { org, agent } = useAgent();
  const deploys = org.can('agents:deploy');
  const live = agent.activeDeploymentId;
  /** The live one is compared with what was made before it, all others with the live one. */
  function comparison({ id }: DeploymentRecord): { other: string; words: string } | undefined {
    if (id !== live && live !== null) return { other: live, words: 'Compare with the live one' };
    const before = deployments[deployments.findIndex((deployment) => deployment.id === id) + 1];
    return before && { other: before.id, words: 'Compare with the one before' };
  }
  const rollsBackTo = ({ id, readyAt, state }: DeploymentRecord) =>
    deploys &&
    live !== null &&
    readyAt !== null &&
    state !== 'failed' &&
    id !== live &&
    id !== agent.desiredDeploymentId;
  return (
    <Card title="History" about="Newest first. A deployment is never changed; each change of what runs makes another.">
      {deployments.length === 0 ? (
        <Empty title="No deployments yet" />
      ) : (
        <Table
          label="Deployments"
          rows={deployments}
          keyOf={({ id }) => id}
          columns={[
            { name: 'Deployment', cell: (deployment) => <NameCell deployment={deployment} /> },
            {
              name: 'Made',
              cell: (deployment) => (
                <>
                  <Time at={deployment.createdAt} capital />
                  <span className="block min-w-40 text-muted wrap-anywhere">by {madeBy(deployment)}</span>
                </>
              ),
            },
            { name: 'From', cell: (deployment) => <SourceCell deployment={deployment} /> },
            { name: 'Changes', cell: (deployment) => <ChangesCell deployment={deployment} /> },
            {
              name: 'Actions',
              quiet: true,
              cell: (deployment) => {
                const compared = comparison(deployment);
                // The first of all has nothing to be compared with, and nothing goes back to what is live.
                if (!compared) return null;
                return (
                  <RowMenu label={`Actions for ${shortId(deployment.id)}`}>
                    <MenuItem onSelect={() => onCompare(deployment.id, compared.other)}>{compared.words}</MenuItem>
                    {rollsBackTo(deployment) && (
                      <>
                        <MenuLine />
                        <MenuItem onSelect={() => onDo({ what: 'rollback', to: deployment })}>
                          Roll back to it…
                        </MenuItem>
                      </>
                    )}
                  </RowMenu>
                );
              },
            },
          ]}
        />
      )}
    </Card>
  );
}

function NameCell({ deployment: { id, state, rollout } }: { deployment: DeploymentRecord }) {
  const { tone, words } = deploymentState(state);
  return (
    <>
      <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span title={id} className="font-mono text-[13px] font-semibold">
          {shortId(id)}
        </span>
        <Badge tone={tone}>{words}</Badge>
      </span>
      {rollout !== 'automatic' && <span className="block text-muted">Takes over {rolloutWords[rollout]}</span>}
    </>
  );
}

function SourceCell({ deployment: { buildId, manifest, imageDigest } }: { deployment: DeploymentRecord }) {
  const { org } = useAgent();
  return (
    <div className="max-w-72">
      {buildId ? (
        <Link to="/orgs/$org/builds/$id" params={{ org: org.name, id: buildId }} className={linkStyle}>
          Build {shortId(buildId)}
        </Link>
      ) : (
        <span className="wrap-anywhere">{manifest.spec.image}</span>
      )}
      {imageDigest && (
        <span title={imageDigest} className="block truncate font-mono text-[13px] text-muted">
          {imageDigest}
        </span>
      )}
    </div>
  );
}

function ChangesCell({ deployment: { changes, error } }: { deployment: DeploymentRecord }) {
  return (
    <>
      {changes.length === 0 && <span className="text-muted">—</span>}
      <ul className="space-y-0.5">
        {changes.map(({ setting, from, to }) => (
          <li key={setting} className="wrap-anywhere">
            <span className="text-muted">{settingWords(setting)}:</span> {from ?? 'none'} → {to ?? 'none'}
          </li>
        ))}
      </ul>
      {error && (
        <p className="mt-1 text-bad wrap-anywhere">
          {error.message} <code className="font-mono text-xs">{error.code}</code>
        </p>
      )}
    </>
  );
}
