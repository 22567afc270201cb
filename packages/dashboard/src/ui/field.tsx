import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react';

interface Labelled {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}
const box =
  'block w-full rounded-lg border border-strong-line bg-card px-3 py-2 text-base placeholder:text-muted aria-invalid:border-bad disabled:opacity-60';

type FieldProps = Labelled & Omit<InputHTMLAttributes<HTMLInputElement>, 'id'>;

/** A labelled text input; hint and error are read out with it. */
export function Field({ label, hint, error, className = '', ...input }: FieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={hint || error ? `${id}-about` : undefined}
        className={`${box} ${className}`}
        {...input}
      />
    </Frame>
  );
}

type SelectFieldProps = Labelled & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id'>;

/** A labelled choice of one; the browser's own list, which works everywhere and with every device. */
export function SelectField({ label, hint, error, className = '', children, ...select }: SelectFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={hint || error ? `${id}-about` : undefined}
        className={`${box} min-h-10.5 ${className}`}
        {...select}
      >
        {children}
      </select>
    </Frame>
  );
}

function Frame({ id, label, hint, error, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium wrap-anywhere">
        {label}
      </label>
      {children}
      {(hint || error) && (
        <div
          id={`${id}-about`}
          role={error ? 'alert' : undefined}
          className={`mt-1.5 text-sm wrap-anywhere ${error ? 'text-bad' : 'text-muted'}`}
        >
          {error ?? hint}
        </div>
      )}
    </div>
  );
}

interface CheckProps {
  label: ReactNode;
  about?: ReactNode;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

export function Check({ label, about, checked, disabled, onChange }: CheckProps) {
  const id = useId();
  return (
    <div className="flex min-w-0 items-start gap-2.5 text-sm">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-4 shrink-0 accent-accent"
        checked={checked}
        disabled={disabled}
        aria-describedby={about ? `${id}-about` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div className="min-w-0">
        <label htmlFor={id} className={`wrap-anywhere ${disabled ? 'text-muted' : ''}`}>
          {label}
        </label>
        {about && (
          <div id={`${id}-about`} className="text-muted wrap-anywhere">
            {about}
          </div>
        )}
      </div>
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  legend: string;
  /** Only for screen readers: the choices explain themselves. */
  hideLegend?: boolean;
  name: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  /** Below the choices: what the chosen one means. */
  children?: ReactNode;
}

/** One of a few, all of them seen. */
export function Choice<Value extends string>({
  legend,
  hideLegend,
  name,
  value,
  options,
  onChange,
  children,
}: ChoiceProps<Value>) {
  return (
    <fieldset className="min-w-0">
      <legend className={hideLegend ? 'sr-only' : 'mb-1.5 text-sm font-medium'}>{legend}</legend>
      <div className="flex flex-wrap gap-2">
        {options.map((option) => (
          <label
            key={option.value}
            className="rounded-lg border border-strong-line px-3 py-1.5 text-sm has-checked:border-accent has-checked:bg-accent has-checked:text-on-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={value === option.value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {children}
    </fieldset>
  );
}
