import { Field } from './field';

interface CodeFieldProps {
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
}

/** Eight digits, however they were pasted. */
export function CodeField({ value, onChange, error }: CodeFieldProps) {
  return (
    <Field
      label="Code"
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoFocus
      required
      pattern="[0-9]{8}"
      title="Eight digits"
      maxLength={12}
      value={value}
      onChange={(event) => onChange(event.target.value.replace(/\D/g, '').slice(0, 8))}
      error={error}
      className="font-mono tracking-[0.3em]"
    />
  );
}
