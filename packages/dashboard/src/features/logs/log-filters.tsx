import { logLevels } from '@pipecat-cloud/contract/log-levels';
import { type FormEvent, useState } from 'react';
import { useDraft } from '../../lib/use-draft';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field } from '../../ui/field';
import { AgentSelect } from '../agents/agent-choice';
import { type LogSearch, levelsOf, withoutLine } from './log-search';
import { TimeFields } from './time-fields';

interface LogFiltersProps {
  agent: string;
  agents: readonly string[];
  search: LogSearch;
  onChange: (search: LogSearch) => void;
}
/** The filters are the page's address, so a view can be handed on as a link. */
export function LogFilters({ agent, agents, search, onChange }: LogFiltersProps) {
  const [draft, setDraft] = useDraft(withoutLine(search));
  const [round, setRound] = useState(0);
  const send = (change: LogSearch) => onChange(trimmed({ ...draft, ...change }));
  const levels = levelsOf(search);
  function submit(event: FormEvent) {
    event.preventDefault();
    send({});
  }
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
    <Card title="Filters">
      <form onSubmit={submit} className="space-y-4 px-4 py-4 sm:px-5">
        <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          <AgentSelect agent={agent} names={agents} onChange={(name) => onChange({ agent: name })} />
          {text('query', 'Text', 'Part of a line, in upper or lower case')}
          <TimeFields
            key={round}
            label="Time"
            search={draft}
            onDraft={(time) => setDraft({ ...draft, ...time })}
            onSpan={send}
          />
        </div>
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
        <details open={Boolean(search.session ?? search.deployment)}>
          <summary className="text-sm text-muted">Of which session, of which deployment</summary>
          <div className="mt-3 grid gap-4 sm:grid-cols-2">
            {text('session', 'Session', 'Its id')}
            {text('deployment', 'Deployment', 'Its id')}
          </div>
        </details>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary">
            Filter
          </Button>
          {Object.keys(withoutLine({ ...search, agent: '' })).length > 0 && (
            <Button
              onClick={() => {
                setRound(round + 1);
                onChange({ agent });
              }}
            >
              Take all away
            </Button>
          )}
        </div>
      </form>
    </Card>
  );
}

function trimmed(search: LogSearch): LogSearch {
  return withoutLine(Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value).trim()])));
}
