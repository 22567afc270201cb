import { type InputHTMLAttributes, useId } from 'react';

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'id'> {
  label: string;
  hint?: string;
  error?: string | undefined;
}

/** A labelled text input; hint and error are read out with it. */
export function Field({ label, hint, error, className = '', ...input }: FieldProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error !== undefined}
        aria-describedby={hint || error ? `${id}-about` : undefined}
        className={`block w-full rounded-lg border border-strong-line bg-card px-3 py-2 text-base placeholder:text-muted/70 aria-invalid:border-bad ${className}`}
        {...input}
      />
      {(hint || error) && (
        <p
          id={`${id}-about`}
          role={error ? 'alert' : undefined}
          className={`mt-1.5 text-sm ${error ? 'text-bad' : 'text-muted'}`}
        >
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
