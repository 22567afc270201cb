import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field, SelectField } from '../../ui/field';
import type { AuditFilter } from './audit-queries';

interface AuditFiltersProps {
  filter: AuditFilter;
  onChange: (filter: AuditFilter) => void;
}
/** Beginnings of actions. */
const subjects = [
  ['', 'Everything'],
  ['access.refused', 'Refusals'],
  ['agent.', 'Agents'],
  ['secret.', 'Secrets'],
  ['api_key.', 'API keys'],
  ['token.', 'Tokens'],
  ['service_account.', 'Service accounts'],
  ['member.', 'Members'],
  ['invitation.', 'Invitations'],
  ['policy.', 'Policies'],
  ['session.', 'Sessions'],
  ['build.', 'Builds'],
  ['webhook.', 'Webhooks'],
  ['organization.', 'Organization'],
] as const;

const filled = (filter: AuditFilter): AuditFilter =>
  Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (String(value).trim() ? [[name, String(value).trim()]] : [])),
  );

/** The filters are the page's address, so a view can be handed on as a link. */
export function AuditFilters({ filter, onChange }: AuditFiltersProps) {
  const [draft, setDraft] = useState(filter);
  const set = (change: AuditFilter) => setDraft({ ...draft, ...change });
  function send(event: FormEvent) {
    event.preventDefault();
    onChange(filled(draft));
  }
  const text = (name: 'actor' | 'credential' | 'target' | 'address', label: string, hint: string) => (
    <Field
      label={label}
      hint={hint}
      autoComplete="off"
      spellCheck={false}
      maxLength={300}
      value={draft[name] ?? ''}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
  const day = (name: 'since' | 'until', label: string) => (
    <Field
      label={label}
      type="date"
      value={draft[name]?.slice(0, 10) ?? ''}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
  const more = ['actor', 'target', 'credential', 'address'].some((name) => name in filter);
  const known = subjects.some(([action]) => action === (draft.action ?? ''));
  return (
    <Card title="Filters">
      <form onSubmit={send} className="space-y-4 px-4 py-4 sm:px-5">
        <div className="grid gap-4 sm:grid-cols-2 md:grid-cols-3">
          <SelectField
            label="What"
            value={draft.action ?? ''}
            onChange={(event) => {
              set({ action: event.target.value });
              onChange(filled({ ...draft, action: event.target.value }));
            }}
          >
            {subjects.map(([action, label]) => (
              <option key={action} value={action}>
                {label}
              </option>
            ))}
            {!known && <option value={draft.action}>{draft.action}</option>}
          </SelectField>
          {day('since', 'From this day on')}
          {day('until', 'Before this day')}
        </div>
        <details open={more}>
          <summary className="text-sm text-muted">Who, on what, with which credential, from where</summary>
          <div className="mt-3 grid gap-4 sm:grid-cols-2">
            {text('actor', 'Who', 'E-mail address, or an id')}
            {text('target', 'On what', 'Name or id')}
            {text('credential', 'With which credential', 'Id of a token or key')}
            {text('address', 'From which address', 'As the server saw it')}
          </div>
        </details>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary">
            Filter
          </Button>
          {Object.keys(filter).length > 0 && <Button onClick={() => onChange({})}>Take all away</Button>}
        </div>
      </form>
    </Card>
  );
}
