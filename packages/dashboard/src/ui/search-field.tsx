import { useEffect, useRef, useState } from 'react';
import { Field } from './field';

interface SearchFieldProps {
  label: string;
  /** As the address has it. */
  value: string;
  onChange: (value: string) => void;
}

/** A text that filters as it is typed, and stands in the address. */
export function SearchField({ label, value, onChange }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The address follows what is typed, a little later. Only when somebody went elsewhere does it lead.
    if (!frame.current?.contains(document.activeElement)) setText(value);
  }, [value]);
  return (
    <div ref={frame} className="min-w-0">
      <Field
        label={label}
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          onChange(event.target.value);
        }}
      />
    </div>
  );
}
