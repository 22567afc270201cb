import { rolePermissions } from '@pipecat-cloud/contract/permissions';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { DialogButtons } from '../../ui/dialog';
import { Check, Choice, Field } from '../../ui/field';
import { type OrganizationEntry, organizationsQuery } from '../organization/organization-queries';
import { type Bearer, sentenceOf } from './grant-words';
import { PermissionPicker } from './permission-picker';
import { type Access, grantOf, searchOf, type TokenDraft } from './token-draft';
import { agentNamesQuery } from './token-queries';

interface TokenFormProps {
  initial: TokenDraft;
  bearer: Bearer;
  lifetimes: readonly { value: string; label: string }[];
  submit: string;
  busy: boolean;
  error: Error | null;
  /** The form can be handed to others as a link. */
  linkable?: boolean;
  onSubmit: (draft: TokenDraft) => void;
  onCancel: () => void;
}

const accessWords: Readonly<Record<Bearer['kind'], string>> = {
  you: 'Everything I can do',
  serviceAccount: 'Everything its role allows',
  parent: 'What its parent can do',
};

/** Everything about a new token on one page, with a sentence that says what comes of it. */
export function TokenForm({
  initial,
  bearer,
  lifetimes,
  submit,
  busy,
  error,
  linkable,
  onSubmit,
  onCancel,
}: TokenFormProps) {
  const [draft, setDraft] = useState(initial);
  const set = (change: Partial<TokenDraft>) => setDraft({ ...draft, ...change });
  const organizations = useQuery(organizationsQuery).data ?? [];
  const grant = grantOf(draft);
  const reached = organizationsOf(draft, bearer, organizations);
  const options: { value: Access; label: string }[] = [
    { value: 'everything', label: accessWords[bearer.kind] },
    { value: 'deploy', label: 'Deploy from CI' },
    { value: 'readOnly', label: 'Read only' },
    { value: 'exact', label: 'Exact permissions' },
  ];

  function send(event: FormEvent) {
    event.preventDefault();
    onSubmit(draft);
  }

  return (
    <form onSubmit={send} className="mt-4 space-y-5">
      <Field
        label="Name"
        hint="Where it is used, so that you know it again."
        name="token-name"
        autoComplete="off"
        autoFocus
        required
        pattern=".*\S.*"
        title="At least one letter"
        maxLength={100}
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <Choice
        legend="Expires"
        name="lifetime"
        value={draft.lifetime}
        options={
          lifetimes.some(({ value }) => value === draft.lifetime) ? lifetimes : [...lifetimes, odd(draft.lifetime)]
        }
        onChange={(lifetime) => set({ lifetime })}
      >
        {draft.lifetime === 'date' && (
          <div className="mt-3 max-w-52">
            <Field
              label="On this day"
              type="date"
              required
              min={new Date().toISOString().slice(0, 10)}
              value={draft.date}
              onChange={(event) => set({ date: event.target.value })}
            />
          </div>
        )}
        {draft.lifetime === 'never' && (
          <p className="mt-2 text-sm text-warn">If such a token leaks, it works until somebody notices.</p>
        )}
      </Choice>
      <Choice
        legend="What it may do"
        name="access"
        value={draft.access}
        options={options}
        onChange={(access) => set({ access })}
      >
        {draft.access === 'exact' && (
          <div className="mt-3">
            <PermissionPicker
              chosen={draft.permissions}
              agentsAlone={grant.agents !== undefined}
              held={(name) => reached.length === 0 || reached.some(({ role }) => rolePermissions[role].has(name))}
              onChange={(permissions) => set({ permissions })}
            />
          </div>
        )}
      </Choice>
      {bearer.kind !== 'serviceAccount' && (
        <OrganizationChoice
          all={organizations}
          chosen={draft.organizations}
          onChange={(chosen) => set({ organizations: chosen })}
        />
      )}
      <AgentsField
        draft={draft}
        org={reached.length === 1 ? reached[0]?.name : undefined}
        onChange={(agents) => set({ agents })}
      />
      <Field
        label="Only from these networks (optional)"
        hint="Addresses or CIDR blocks: 192.0.2.0/24, 2001:db8::/32"
        name="networks"
        autoComplete="off"
        spellCheck={false}
        value={draft.networks}
        onChange={(event) => set({ networks: event.target.value })}
      />
      {/* Always in sight, so that each choice shows what comes of it. */}
      <div className="-mx-4 -mb-4 border-t border-line bg-card px-4 pt-3 pb-4 sm:sticky sm:-bottom-6 sm:-mx-6 sm:-mb-6 sm:px-6 sm:pb-6">
        <p role="status" className="rounded-lg border border-line bg-sunken px-3 py-2.5 text-sm wrap-anywhere">
          {sentenceOf(grant, bearer)}
        </p>
        {error && (
          <div className="mt-3">
            <Alert>{error.message}</Alert>
          </div>
        )}
        <DialogButtons>
          {linkable && (
            <CopyButton text={linkOf(draft)} label="Copy a link that fills in this form" words="Copy a link" />
          )}
          <Button onClick={onCancel}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            {submit}
          </Button>
        </DialogButtons>
      </div>
    </form>
  );
}

function organizationsOf(
  draft: TokenDraft,
  bearer: Bearer,
  all: readonly OrganizationEntry[],
): readonly OrganizationEntry[] {
  if (bearer.kind === 'serviceAccount') return all.filter(({ name }) => name === bearer.organization);
  return draft.organizations.length === 0 ? all : all.filter(({ name }) => draft.organizations.includes(name));
}

/** A life that a link asks for and that is none of the usual ones. */
const odd = (lifetime: string) => ({ value: lifetime, label: `${lifetime.slice(1)} days` });

function linkOf(draft: TokenDraft): string {
  const query = new URLSearchParams(Object.entries(searchOf(draft)).map(([name, value]) => [name, String(value)]));
  return `${window.location.origin}/account/tokens?${query}`;
}

interface OrganizationChoiceProps {
  all: readonly OrganizationEntry[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

function OrganizationChoice({ all, chosen, onChange }: OrganizationChoiceProps) {
  // One that a link names and that this person does not reach is shown, so that it can be taken away.
  const names = [...new Set([...all.map(({ name }) => name), ...chosen])];
  const toggle = (name: string, on: boolean) =>
    onChange(on ? [...chosen, name] : chosen.filter((other) => other !== name));
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-sm font-medium">Only these organizations (optional)</legend>
      <div className="space-y-1.5">
        {names.map((name) => (
          <Check
            key={name}
            label={all.find((one) => one.name === name)?.verboseName ?? `${name} (you do not reach it)`}
            checked={chosen.includes(name)}
            onChange={(on) => toggle(name, on)}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface AgentsFieldProps {
  draft: TokenDraft;
  /** Where its agents are looked up; undefined where that is not one organization. */
  org: string | undefined;
  onChange: (agents: string) => void;
}

function AgentsField({ draft, org, onChange }: AgentsFieldProps) {
  const known = useQuery(agentNamesQuery(org)).data ?? [];
  const typed = draft.agents.split(/[\s,]+/).filter((name) => name !== '');
  const others = known.filter((name) => !typed.includes(name)).slice(0, 8);
  return (
    <div>
      <Field
        label="Only these agents (optional)"
        hint="Names, with commas between; also of agents that do not exist yet."
        name="agents"
        autoComplete="off"
        spellCheck={false}
        value={draft.agents}
        onChange={(event) => onChange(event.target.value)}
      />
      {others.length > 0 && (
        <div className="mt-2 flex flex-wrap gap-1.5">
          {others.map((name) => (
            <Button
              key={name}
              className="min-h-7 px-2.5 py-0.5"
              aria-label={`Add the agent ${name}`}
              onClick={() => onChange([...typed, name].join(', '))}
            >
              + {name}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}
