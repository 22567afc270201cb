import { maxAgentsLimit } from '@pipecat-cloud/contract/agent-limits';
import type { DeployBody, Service } from '@pipecat-cloud/contract/agents';
import type { Reuse } from '@pipecat-cloud/contract/pool';
import type { FormEvent } from 'react';
import { useEdits } from '../../lib/use-edits';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field, SelectField } from '../../ui/field';
import { useAgent } from './use-agent';
import { useUpdateAgent } from './use-update-agent';

interface Draft {
  minAgents: string;
  maxAgents: string;
  websocketAuth: string;
  policy: 'reuse' | 'fresh';
  maxSessions: string;
  maxMemoryPercent: string;
}

const draftOf = ({ autoScaling, websocketAuth, reuse }: Service): Draft => ({
  minAgents: String(autoScaling.minReplicas),
  maxAgents: String(autoScaling.maxReplicas),
  websocketAuth,
  policy: reuse?.policy ?? 'reuse',
  maxSessions: reuse?.policy === 'fresh' ? '' : String(reuse?.maxSessions ?? ''),
  maxMemoryPercent: String(reuse?.maxMemoryPercent ?? ''),
});

/** A policy replaces the one before it as a whole. */
function reuseOf({ policy, maxSessions, maxMemoryPercent }: Draft): Reuse {
  if (policy === 'fresh') return { policy };
  return {
    policy,
    ...(maxSessions ? { maxSessions: Number(maxSessions) } : {}),
    ...(maxMemoryPercent ? { maxMemoryPercent: Number(maxMemoryPercent) } : {}),
  };
}

/** Only what was edited: the rest may be something else by now, and stays. */
function changeOf(edits: Partial<Draft>, draft: Draft): Omit<DeployBody, 'serviceName'> {
  const edited = (...names: (keyof Draft)[]) => names.some((name) => name in edits);
  const autoScaling = {
    ...(edited('minAgents') ? { minAgents: Number(draft.minAgents) } : {}),
    ...(edited('maxAgents') ? { maxAgents: Number(draft.maxAgents) } : {}),
  };
  return {
    ...(edited('minAgents', 'maxAgents') ? { autoScaling } : {}),
    ...(edited('websocketAuth') ? { websocketAuth: draft.websocketAuth === 'none' ? 'none' : 'token' } : {}),
    ...(edited('policy', 'maxSessions', 'maxMemoryPercent') ? { reuse: reuseOf(draft) } : {}),
  };
}

/** Limits and rules that hold from the moment they are saved: nothing is deployed for them. */
export function LimitsForm() {
  const { org, agent } = useAgent();
  const { draft, changes, changed, edit, undo } = useEdits(draftOf(agent));
  const update = useUpdateAgent(undo);
  const editable = org.can('agents:deploy');
  const tooMany = Number(draft.minAgents) > Number(draft.maxAgents);
  function send(event: FormEvent) {
    event.preventDefault();
    if (tooMany) return;
    update.mutate(changeOf(changes, draft));
  }
  const number = (
    name: keyof Draft,
    rest: { label: string; hint: string; min: number; max: number; error?: string },
  ) => (
    <Field
      {...rest}
      type="number"
      name={name}
      step={1}
      disabled={!editable}
      required={name === 'minAgents' || name === 'maxAgents'}
      value={draft[name]}
      onChange={(event) => edit({ [name]: event.target.value })}
    />
  );
  return (
    <Card title="Limits" about="They hold as soon as they are saved, and make no new deployment.">
      <form onSubmit={send} className="space-y-5 px-4 py-4 sm:px-5">
        <div className="grid gap-5 sm:grid-cols-2">
          {number('minAgents', {
            label: 'Kept warm',
            hint: 'Instances that wait for a session. 0 lets the first caller wait for a start.',
            min: 0,
            max: maxAgentsLimit,
            ...(tooMany ? { error: 'No more can be kept warm than there may be sessions at once' } : {}),
          })}
          {number('maxAgents', {
            label: 'Sessions at once, at most',
            hint: 'Whoever calls when all are taken is refused, or waits where they ask to.',
            min: 1,
            max: maxAgentsLimit,
          })}
          <SelectField
            label="Sockets"
            hint="Whether a connection needs the one-time token that its start was answered with."
            disabled={!editable}
            value={draft.websocketAuth}
            onChange={(event) => edit({ websocketAuth: event.target.value })}
          >
            <option value="token">Need a one-time token</option>
            <option value="none">Open to everybody</option>
          </SelectField>
          <SelectField
            label="Reuse of instances"
            hint="Whether an instance serves one session after another."
            disabled={!editable}
            value={draft.policy}
            onChange={(event) => edit({ policy: event.target.value as Draft['policy'] })}
          >
            <option value="reuse">One session after another</option>
            <option value="fresh">A new process for each session</option>
          </SelectField>
          {draft.policy === 'reuse' && (
            <>
              {number('maxSessions', {
                label: 'Replaced after so many sessions (optional)',
                hint: 'Empty: never for their number.',
                min: 1,
                max: 1_000_000,
              })}
              {number('maxMemoryPercent', {
                label: 'Replaced above this percentage of memory (optional)',
                hint: 'Looked at after each session. Empty: never.',
                min: 1,
                max: 100,
              })}
            </>
          )}
        </div>
        {update.error && <Alert>{update.error.message}</Alert>}
        {editable && (
          <div className="flex flex-wrap gap-2">
            <Button type="submit" look="primary" busy={update.isPending} disabled={!changed}>
              Save limits
            </Button>
            {changed && <Button onClick={undo}>Undo</Button>}
          </div>
        )}
      </form>
    </Card>
  );
}
