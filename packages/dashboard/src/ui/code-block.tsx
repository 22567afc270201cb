import { CopyButton } from './copy-button';

/** Text to be copied as it stands. */
export function CodeBlock({ text, name }: { text: string; name: string }) {
  return (
    <div className="flex flex-col items-end gap-2 rounded-lg border border-line bg-sunken p-2 pl-3 sm:flex-row sm:items-start">
      <pre className="w-full min-w-0 flex-1 sm:self-center whitespace-pre-wrap wrap-anywhere py-1 text-left font-mono text-[13px] leading-6 text-ink select-all">
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={`Copy ${name}`} />
    </div>
  );
}
