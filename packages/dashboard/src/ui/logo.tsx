export function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-7 shrink-0" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f766e" />
      <path d="M8 13v6M13 9v14M18 12v8M23 10.5v11" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
