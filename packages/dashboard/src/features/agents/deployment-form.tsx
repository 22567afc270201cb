import { sessionDuration } from '@pipecat-cloud/contract/agent-limits';
import type { DeployBody, Service } from '@pipecat-cloud/contract/agents';
import { quantityPattern } from '@pipecat-cloud/contract/quantities';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field, SelectField } from '../../ui/field';
import { profilesQuery } from './agent-queries';
import { DeployDialog } from './deploy-dialog';
import { useAgent } from './use-agent';

interface Draft {
  /** Empty for resources of its own. */
  profile: string;
  cpu: string;
  memory: string;
  maxSession: string;
  krisp: string;
}

const draftOf = ({ agentProfile = '', resources, deployment, krispViva }: Service): Draft => ({
  profile: agentProfile,
  cpu: resources?.cpu ?? '',
  memory: resources?.memory ?? '',
  maxSession: String(deployment?.manifest.spec.maxSessionDurationSeconds ?? sessionDuration.default),
  krisp: krispViva.audioFilter ?? '',
});

/** A profile, or resources of its own: never both. */
function sizeOf(stored: Draft, { profile, cpu, memory }: Draft): Pick<DeployBody, 'agentProfile' | 'resources'> {
  const isProfile = profile !== '';
  const isAsStored = profile === stored.profile && (isProfile || (cpu === stored.cpu && memory === stored.memory));
  if (isAsStored) return {};
  return isProfile ? { agentProfile: profile } : { resources: { cpu, memory } };
}

/** Only what was changed, so that nothing else is decided by it. */
function changeOf(stored: Draft, draft: Draft): Omit<DeployBody, 'serviceName'> {
  return {
    ...sizeOf(stored, draft),
    ...(draft.maxSession === stored.maxSession ? {} : { maxSessionDuration: Number(draft.maxSession) }),
    ...(draft.krisp === stored.krisp
      ? {}
      : { krispViva: { audioFilter: draft.krisp === 'tel' || draft.krisp === 'pro' ? draft.krisp : null } }),
  };
}

/** What an instance is made of: each change makes a deployment. */
export function DeploymentForm() {
  const { org, agent } = useAgent();
  const profiles = useQuery(profilesQuery(org.name));
  const [edited, setEdited] = useState<Partial<Draft>>({});
  const [asking, setAsking] = useState(false);
  const stored = draftOf(agent);
  const draft = { ...stored, ...edited };
  const change = changeOf(stored, draft);
  const changed = Object.keys(change).length > 0;
  const editable = org.can('agents:deploy');
  const set = (more: Partial<Draft>) => setEdited({ ...edited, ...more });
  function send(event: FormEvent) {
    event.preventDefault();
    setAsking(true);
  }
  const quantity = (name: 'cpu' | 'memory', label: string, hint: string) => (
    <Field
      label={label}
      hint={hint}
      name={name}
      autoComplete="off"
      spellCheck={false}
      required
      pattern={quantityPattern}
      title={hint}
      maxLength={32}
      disabled={!editable}
      value={draft[name]}
      onChange={(event) => set({ [name]: event.target.value.trim() })}
    />
  );
  const offered = (profiles.data ?? []).filter(({ enabled, apiName }) => enabled || apiName === stored.profile);
  return (
    <Card
      title="What instances are made of"
      about="A change makes a new deployment of the same code. Sessions that run keep what they began with."
    >
      <form onSubmit={send} className="space-y-5 px-4 py-4 sm:px-5">
        <div className="grid gap-5 sm:grid-cols-2">
          <SelectField
            label="Profile"
            hint="How much processor and memory an instance has."
            disabled={!editable}
            value={draft.profile}
            onChange={(event) => set({ profile: event.target.value })}
            error={profiles.error?.message}
          >
            {!offered.some(({ apiName }) => apiName === stored.profile) && stored.profile && (
              <option value={stored.profile}>{stored.profile}</option>
            )}
            {offered.map(({ apiName, displayName, resources: { cpu, memory } }) => (
              <option key={apiName} value={apiName}>
                {displayName === apiName ? apiName : `${displayName} (${apiName})`}: {cpu} CPU, {memory}
              </option>
            ))}
            <option value="">None: resources of its own</option>
          </SelectField>
          {draft.profile === '' && (
            <div className="grid grid-cols-2 gap-3">
              {quantity('cpu', 'Processor', 'Cores, such as 2 or 500m')}
              {quantity('memory', 'Memory', 'Such as 512Mi or 4Gi')}
            </div>
          )}
          <Field
            label="Longest session, in seconds"
            hint={`Between ${sessionDuration.minimum} and ${sessionDuration.maximum}. A session that lasts longer is ended.`}
            type="number"
            name="max-session"
            required
            min={sessionDuration.minimum}
            max={sessionDuration.maximum}
            step={1}
            disabled={!editable}
            value={draft.maxSession}
            onChange={(event) => set({ maxSession: event.target.value })}
          />
          <SelectField
            label="Krisp filter"
            hint="Takes noise out of what the caller says, where the agent has the library for it."
            disabled={!editable}
            value={draft.krisp}
            onChange={(event) => set({ krisp: event.target.value })}
          >
            <option value="">None</option>
            <option value="tel">For telephones (tel)</option>
            <option value="pro">For microphones (pro)</option>
          </SelectField>
        </div>
        {editable && (
          <div className="flex flex-wrap gap-2">
            <Button type="submit" look="primary" disabled={!changed}>
              Deploy the change…
            </Button>
            {changed && <Button onClick={() => setEdited({})}>Undo</Button>}
          </div>
        )}
      </form>
      {asking && (
        <DeployDialog
          title="Deploy the change?"
          change={change}
          onDone={() => setEdited({})}
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}
