import { useState } from 'react';
import { useDraft } from '../../lib/use-draft';
import { Field, SelectField } from '../../ui/field';
import { FilterCard, FilterGrid } from '../../ui/filter-card';
import { AgentSelect } from '../agents/agent-choice';
import { TimeFields } from '../logs/time-fields';
import { endings, filled, type SessionSearch } from './session-search';

interface SessionFiltersProps {
  agent: string;
  agents: readonly string[];
  search: SessionSearch;
  onChange: (search: SessionSearch) => void;
}

/** Which sessions of an agent are listed. */
export function SessionFilters({ agent, agents, search, onChange }: SessionFiltersProps) {
  const { page: _, ...filters } = filled(search);
  const [draft, setDraft] = useDraft<SessionSearch>(filters);
  const [round, setRound] = useState(0);
  const send = (change: SessionSearch) => onChange(filled({ ...draft, ...change }));
  const choice = (name: 'status' | 'end' | 'start', label: string, options: readonly (readonly [string, string])[]) => (
    <SelectField label={label} value={draft[name] ?? ''} onChange={(event) => send({ [name]: event.target.value })}>
      {options.map(([value, words]) => (
        <option key={value} value={value}>
          {words}
        </option>
      ))}
    </SelectField>
  );
  return (
    <FilterCard
      filtered={Object.keys(filled({ ...filters, agent: '' })).length > 0}
      onSend={() => send({})}
      onClear={() => {
        setRound(round + 1);
        onChange({ agent });
      }}
      more={{
        summary: 'How it ended, how it started, of which deployment',
        open: Boolean(search.end ?? search.start ?? search.deployment),
        children: (
          <>
            {choice('end', 'How it ended', [['', 'Any way'], ...Object.entries(endings)])}
            {choice('start', 'How it started', [
              ['', 'Warm or cold'],
              ['warm', 'Warm: an instance was waiting'],
              ['cold', 'Cold: an instance was made for it'],
            ])}
            <Field
              label="Deployment"
              hint="Its id"
              autoComplete="off"
              spellCheck={false}
              maxLength={64}
              value={draft.deployment ?? ''}
              onChange={(event) => setDraft({ ...draft, deployment: event.target.value.trim() })}
            />
          </>
        ),
      }}
    >
      <FilterGrid>
        <AgentSelect agent={agent} names={agents} onChange={(name) => onChange({ agent: name })} />
        {choice('status', 'State', [
          ['', 'All'],
          ['active', 'Open'],
          ['ended', 'Ended'],
        ])}
        <TimeFields
          key={round}
          label="Started"
          search={draft}
          onDraft={(time) => setDraft({ ...draft, ...time })}
          onSpan={send}
        />
      </FilterGrid>
    </FilterCard>
  );
}
