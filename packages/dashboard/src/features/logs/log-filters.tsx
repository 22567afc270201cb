import { logLevels } from '@pipecat-cloud/contract/log-levels';
import { useState } from 'react';
import { useDraft } from '../../lib/use-draft';
import { Field } from '../../ui/field';
import { FilterCard, FilterGrid } from '../../ui/filter-card';
import { AgentSelect } from '../agents/agent-choice';
import { type LogSearch, levelsOf, withoutLine } from './log-search';
import { TimeFields } from './time-fields';

interface LogFiltersProps {
  agent: string;
  agents: readonly string[];
  search: LogSearch;
  onChange: (search: LogSearch) => void;
}

/** Which lines of an agent are shown. */
export function LogFilters({ agent, agents, search, onChange }: LogFiltersProps) {
  const [draft, setDraft] = useDraft(withoutLine(search));
  const [round, setRound] = useState(0);
  const send = (change: LogSearch) => onChange(trimmed({ ...draft, ...change }));
  const levels = levelsOf(search);
  const text = (name: 'query' | 'session' | 'deployment', label: string, hint: string) => (
    <Field
      label={label}
      hint={hint}
      autoComplete="off"
      spellCheck={false}
      maxLength={name === 'query' ? 500 : 64}
      value={draft[name] ?? ''}
      onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
    />
  );
  return (
    <FilterCard
      filtered={Object.keys(withoutLine({ ...search, agent: '' })).length > 0}
      onSend={() => send({})}
      onClear={() => {
        setRound(round + 1);
        onChange({ agent });
      }}
      more={{
        summary: 'Of which session, of which deployment',
        open: Boolean(search.session ?? search.deployment),
        children: (
          <>
            {text('session', 'Session', 'Its id')}
            {text('deployment', 'Deployment', 'Its id')}
          </>
        ),
      }}
    >
      <FilterGrid>
        <AgentSelect agent={agent} names={agents} onChange={(name) => onChange({ agent: name })} />
        {text('query', 'Text', 'Part of a line, in upper or lower case')}
        <TimeFields
          key={round}
          label="Time"
          search={draft}
          onDraft={(time) => setDraft({ ...draft, ...time })}
          onSpan={send}
        />
      </FilterGrid>
      <fieldset className="min-w-0">
        <legend className="mb-1.5 text-sm font-medium">Levels (none chosen: all)</legend>
        <div className="flex flex-wrap gap-2">
          {logLevels.map((level) => (
            <label
              key={level}
              className="rounded-lg border border-strong-line px-3 py-1.5 text-sm has-checked:border-accent has-checked:bg-accent has-checked:text-on-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
            >
              <input
                type="checkbox"
                className="sr-only"
                checked={levels.includes(level)}
                onChange={() =>
                  send({ level: logLevels.filter((each) => levels.includes(each) !== (each === level)).join(',') })
                }
              />
              {level}
            </label>
          ))}
        </div>
      </fieldset>
    </FilterCard>
  );
}

function trimmed(search: LogSearch): LogSearch {
  return withoutLine(Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value).trim()])));
}
