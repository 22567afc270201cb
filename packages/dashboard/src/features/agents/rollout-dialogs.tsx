import type { Service } from '@pipecat-cloud/contract/agents';
import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { toast } from '../../ui/toast';
import { shortId } from './deployment-words';
import { useAgent } from './use-agent';

export type RolloutDoing =
  | { what: 'promote' | 'withdraw'; candidate: DeploymentRecord }
  /** Without one: the deployment that was live before. */
  | { what: 'rollback'; to: DeploymentRecord | undefined };

interface RolloutDialogsProps {
  doing: RolloutDoing | undefined;
  onClose: () => void;
}

/** Ask before another deployment takes the sessions, and say what will happen. */
export function RolloutDialogs({ doing, onClose }: RolloutDialogsProps) {
  if (!doing) return null;
  if (doing.what === 'rollback') return <RollBack to={doing.to} onClose={onClose} />;
  const Asked = doing.what === 'promote' ? Promote : Withdraw;
  return <Asked candidate={doing.candidate} onClose={onClose} />;
}

/** Makes the change, reads the agent anew, says what came of it. */
function useRollout<Input>(
  change: (input: Input) => Promise<Service>,
  said: (after: Service) => string,
  onClose: () => void,
) {
  const { refresh } = useAgent();
  return useMutation({
    mutationFn: change,
    onSuccess: async (after) => {
      onClose();
      toast(said(after));
      await refresh();
    },
    // Somebody else may have decided in between: the page should show what they did.
    onError: refresh,
  });
}

function Promote({ candidate, onClose }: { candidate: DeploymentRecord; onClose: () => void }) {
  const { org, name, agent } = useAgent();
  const [percent, setPercent] = useState('100');
  const share = Number(percent);
  const promote = useRollout(
    () =>
      api.promoteService(org.name, name, {
        deploymentId: candidate.id,
        ...(share < 100 ? { canaryPercent: share } : {}),
      }),
    ({ rollout }) =>
      rollout?.state === 'starting'
        ? `${shortId(candidate.id)} takes over once it is ready.`
        : share < 100
          ? `${shortId(candidate.id)} takes ${share} % of the new sessions.`
          : `${shortId(candidate.id)} takes the new sessions.`,
    onClose,
  );
  function send(event: FormEvent) {
    event.preventDefault();
    promote.mutate(undefined);
  }
  const live = agent.activeDeploymentId;
  return (
    <Dialog title={`Promote ${shortId(candidate.id)}?`} onClose={onClose}>
      <form onSubmit={send} className="mt-2 space-y-4">
        <p className="text-sm text-muted">
          {candidate.readyAt === null ? 'Once it is ready' : 'At once'} it takes the new sessions
          {live !== null && `, and ${shortId(live)} takes ${share < 100 ? 'the rest' : 'none any more'}`}. Sessions that
          run go on with the deployment that they began with.
        </p>
        {live !== null && (
          <Field
            label="Share of the new sessions, in percent"
            hint="100 makes it the live one. Less keeps it a canary, to be promoted again or withdrawn."
            type="number"
            name="share"
            required
            min={1}
            max={100}
            step={1}
            value={percent}
            onChange={(event) => setPercent(event.target.value)}
          />
        )}
        {promote.error && <Alert>{promote.error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={promote.isPending}>
            Promote
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function Withdraw({ candidate, onClose }: { candidate: DeploymentRecord; onClose: () => void }) {
  const { org, name, agent } = useAgent();
  const live = shortId(agent.activeDeploymentId ?? '');
  const withdraw = useRollout(
    // Named, so that this never goes further back than to the one that is live now.
    () => api.rollBackService(org.name, name, { deploymentId: agent.activeDeploymentId ?? '' }),
    () => `${shortId(candidate.id)} is withdrawn. ${live} takes every new session.`,
    onClose,
  );
  const failed = candidate.state === 'failed';
  return (
    <ConfirmDialog
      title={failed ? `Clear ${shortId(candidate.id)}, which failed?` : `Withdraw ${shortId(candidate.id)}?`}
      confirm={failed ? 'Clear' : 'Withdraw'}
      busy={withdraw.isPending}
      error={withdraw.error}
      onConfirm={() => withdraw.mutate(undefined)}
      onClose={onClose}
    >
      <p>
        {live} takes every new session from the moment that you confirm
        {failed ? ', as it does now; only the error goes' : ''}. Sessions that run go on with the deployment that they
        began with. What is withdrawn stays in the history.
      </p>
    </ConfirmDialog>
  );
}

function RollBack({ to, onClose }: { to: DeploymentRecord | undefined; onClose: () => void }) {
  const { org, name, agent } = useAgent();
  const { activeDeploymentId: live, desiredDeploymentId: desired } = agent;
  const rollBack = useRollout(
    () => api.rollBackService(org.name, name, to ? { deploymentId: to.id } : {}),
    ({ activeDeploymentId }) => `${shortId(activeDeploymentId ?? '')} takes the new sessions.`,
    onClose,
  );
  return (
    <ConfirmDialog
      title={to ? `Roll back to ${shortId(to.id)}?` : 'Roll back to the deployment before?'}
      confirm="Roll back"
      cancel="Cancel"
      busy={rollBack.isPending}
      error={rollBack.error}
      onConfirm={() => rollBack.mutate(undefined)}
      onClose={onClose}
    >
      <p>
        {to ? `${shortId(to.id)} takes` : `The one that was live before ${shortId(live ?? '')} takes`} every new session
        from the moment that you confirm; nothing is built or tried again. Sessions that run go on with the deployment
        that they began with.
      </p>
      {desired !== null && desired !== live && <p>{shortId(desired)}, which is being rolled out, is withdrawn.</p>}
    </ConfirmDialog>
  );
}
