import type { ButtonHTMLAttributes } from 'react';

const looks = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover border-transparent',
  plain: 'bg-card text-ink border-line hover:bg-sunken',
  danger: 'bg-bad text-card border-transparent hover:bg-bad-hover',
  quietDanger: 'bg-card text-bad border-line hover:bg-bad-soft',
} as const;

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof looks;
  /** Work is under way: the button waits and says so. */
  busy?: boolean;
}

export function Button({ look = 'plain', busy = false, className = '', disabled, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg border px-3.5 py-1.5 text-sm font-medium motion-safe:transition-colors disabled:cursor-default disabled:opacity-60 ${looks[look]} ${className}`}
      disabled={disabled || busy}
      aria-busy={busy}
      {...rest}
    >
      {busy && (
        <span
          aria-hidden="true"
          className="size-3.5 motion-safe:animate-spin rounded-full border-2 border-current border-t-transparent"
        />
      )}
      {children}
    </button>
  );
}
