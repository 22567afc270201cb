import { useState } from 'react';
import { Field, SelectField } from '../../ui/field';
import { timeOf } from './log-search';

interface Times {
  since?: string;
  until?: string;
}
interface TimeFieldsProps {
  label: string;
  search: Times;
  /** Typed, and not asked for yet. */
  onDraft: (times: Times) => void;
  /** One of the spans was chosen. */
  onSpan: (times: Times) => void;
}
const spans = [
  ['', 'Any time'],
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
] as const;

/** A span that ends now, or two points in time. Goes into a grid, in which it takes up to three places. */
export function TimeFields({ label, search, onDraft, onSpan }: TimeFieldsProps) {
  const { since = '', until = '' } = search;
  const [between, setBetween] = useState(until !== '' || !spans.some(([span]) => span === since));
  const point = (name: keyof Times, text: string) => (
    <Field
      label={text}
      type="datetime-local"
      step={1}
      value={localTime(search[name])}
      onChange={({ target }) => onDraft({ [name]: target.value && new Date(target.value).toISOString() })}
    />
  );
  return (
    <>
      <SelectField
        label={label}
        value={between ? 'between' : since}
        onChange={({ target }) => {
          setBetween(target.value === 'between');
          if (target.value !== 'between') onSpan({ since: target.value, until: '' });
        }}
      >
        {spans.map(([span, words]) => (
          <option key={span} value={span}>
            {words}
          </option>
        ))}
        <option value="between">Between…</option>
      </SelectField>
      {between && point('since', 'From')}
      {between && point('until', 'Until')}
    </>
  );
}

/** A point in time as `datetime-local` takes it; empty for none. */
function localTime(text: string | undefined): string {
  const at = timeOf(text);
  if (at === undefined) return '';
  const date = new Date(at * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
