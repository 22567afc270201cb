import { type FormEvent, useState } from 'react';
import { useDraft } from '../../lib/use-draft';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field, SelectField } from '../../ui/field';
import { AgentSelect } from '../agents/agent-choice';
import { TimeFields } from '../logs/time-fields';
import { endings, filled, type SessionSearch } from './session-search';

interface SessionFiltersProps {
  agent: string;
  agents: readonly string[];
  search: SessionSearch;
  onChange: (search: SessionSearch) => void;
}

/** The filters are the page's address, so a view can be handed on as a link. */
export function SessionFilters({ agent, agents, search, onChange }: SessionFiltersProps) {
  const { page: _, ...filters } = filled(search);
  const [draft, setDraft] = useDraft<SessionSearch>(filters);
  const [round, setRound] = useState(0);
  const send = (change: SessionSearch) => onChange(filled({ ...draft, ...change }));
  function submit(event: FormEvent) {
    event.preventDefault();
    send({});
  }
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
    <Card title="Filters">
      <form onSubmit={submit} className="space-y-4 px-4 py-4 sm:px-5">
        <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
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
        </div>
        <details open={Boolean(search.end ?? search.start ?? search.deployment)}>
          <summary className="text-sm text-muted">How it ended, how it started, of which deployment</summary>
          <div className="mt-3 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
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
          </div>
        </details>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary">
            Filter
          </Button>
          {Object.keys(filled({ ...filters, agent: '' })).length > 0 && (
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
