import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { Choice, Field } from '../../ui/field';
import { rangeOf, spanOf, spans, today, type UsageSearch } from './usage-range';

interface UsageRangeCardProps {
  search: UsageSearch;
  onChange: (search: UsageSearch) => void;
}
const labels = { 7: '7 days', 30: '30 days', 90: '90 days' } as const;

/** Which days are shown. They stand in the address, so that a view is a link. */
export function UsageRangeCard({ search, onChange }: UsageRangeCardProps) {
  const [draft, setDraft] = useState(rangeOf(search));
  const wrong = draft.from > draft.to;
  const { show } = search;
  const kept = show === undefined ? {} : { show };
  function send(event: FormEvent) {
    event.preventDefault();
    if (!wrong) onChange({ ...kept, ...draft });
  }
  return (
    <Panel>
      <form onSubmit={send} className="flex flex-wrap items-end gap-4 px-4 py-4 sm:px-5">
        <Choice
          legend="The last"
          name="span"
          value={spanOf(search) ?? ''}
          options={spans.map((value) => ({ value: value as string, label: labels[value] }))}
          onChange={(days) => onChange({ ...kept, days })}
        />
        <div className="grid min-w-0 flex-1 basis-72 gap-4 sm:grid-cols-2">
          <Field
            label="From"
            type="date"
            required
            max={today()}
            value={draft.from}
            onChange={(event) => setDraft({ ...draft, from: event.target.value })}
            error={wrong ? 'The first day is after the last.' : undefined}
          />
          <Field
            label="To"
            type="date"
            required
            max={today()}
            value={draft.to}
            onChange={(event) => setDraft({ ...draft, to: event.target.value })}
          />
        </div>
        <Button type="submit" disabled={wrong}>
          Show
        </Button>
      </form>
    </Panel>
  );
}
