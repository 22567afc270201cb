import { useState } from 'react';
import { Field, SelectField } from '../../ui/field';
import { FilterCard, FilterGrid } from '../../ui/filter-card';
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

/** Which records are listed. */
export function AuditFilters({ filter, onChange }: AuditFiltersProps) {
  const [draft, setDraft] = useState(filter);
  const set = (change: AuditFilter) => setDraft({ ...draft, ...change });
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
    <FilterCard
      filtered={Object.keys(filter).length > 0}
      onSend={() => onChange(filled(draft))}
      onClear={() => onChange({})}
      more={{
        summary: 'Who, on what, with which credential, from where',
        open: more,
        children: (
          <>
            {text('actor', 'Who', 'E-mail address, or an id')}
            {text('target', 'On what', 'Name or id')}
            {text('credential', 'With which credential', 'Id of a token or key')}
            {text('address', 'From which address', 'As the server saw it')}
          </>
        ),
      }}
    >
      <FilterGrid>
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
      </FilterGrid>
    </FilterCard>
  );
}
