import type { DeployBody, RolloutOptions } from '@pipecat-cloud/contract/agents';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field, SelectField } from '../../ui/field';
import { shortId } from './deployment-words';
import { useAgent } from './use-agent';
import { useUpdateAgent } from './use-update-agent';

type Way = 'automatic' | 'strict' | 'canary' | 'hold';
const ways: Readonly<Record<Way, { label: string; about: string }>> = {
  automatic: {
    label: 'As soon as it is ready',
    about: 'Idle instances of the live one serve until they are replaced, so no start is refused.',
  },
  strict: {
    label: 'At once: starts wait for it',
    about: 'From now on no session begins on the live one. Where this one fails, the live one answers them.',
  },
  canary: {
    label: 'With a share of the sessions first',
    about: 'It keeps the share until you promote or withdraw it.',
  },
  hold: { label: 'When I promote it', about: 'It is made ready, and takes no session until then.' },
};

interface DeployDialogProps {
  title: string;
  change: Omit<DeployBody, 'serviceName' | 'rollout'>;
  children?: ReactNode;
  onDone?: () => void;
  onClose: () => void;
}

/** Asks before a change makes a deployment, how that is to take over, and says what will happen. */
export function DeployDialog({ title, change, children, onDone, onClose }: DeployDialogProps) {
  const { agent } = useAgent();
  const [way, setWay] = useState<Way>('automatic');
  const [percent, setPercent] = useState('10');
  const update = useUpdateAgent(() => {
    onDone?.();
    onClose();
  });
  const { activeDeploymentId: live, desiredDeploymentId: desired } = agent;
  const replaced = desired !== null && desired !== live && agent.errors.length === 0 ? desired : undefined;
  const rollouts: Readonly<Record<Way, RolloutOptions | undefined>> = {
    automatic: undefined,
    strict: { strict: true },
    canary: { canaryPercent: Number(percent) },
    hold: { hold: true },
  };
  function send(event: FormEvent) {
    event.preventDefault();
    const rollout = rollouts[way];
    update.mutate({ ...change, ...(rollout ? { rollout } : {}) });
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={send} className="mt-2 space-y-4">
        <div className="space-y-2 text-sm text-muted">
          {children}
          <p>
            A new deployment is made ready beside what runs; no session ends. Where it does not start, the live one goes
            on.
          </p>
          {replaced && <p>It takes the place of {shortId(replaced)}, which is not live yet.</p>}
        </div>
        {live !== null && (
          <SelectField
            label="How it takes over"
            hint={ways[way].about}
            value={way}
            onChange={(event) => setWay(event.target.value as Way)}
          >
            {(Object.keys(ways) as Way[]).map((value) => (
              <option key={value} value={value}>
                {ways[value].label}
              </option>
            ))}
          </SelectField>
        )}
        {way === 'canary' && (
          <Field
            label="Share of the new sessions, in percent"
            type="number"
            name="share"
            required
            min={1}
            max={99}
            step={1}
            value={percent}
            onChange={(event) => setPercent(event.target.value)}
          />
        )}
        {update.error && <Alert>{update.error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={update.isPending}>
            Deploy
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
