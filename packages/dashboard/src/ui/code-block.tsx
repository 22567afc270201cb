import { CopyButton } from './copy-button';

/** Text to be copied as it stands. */
export function CodeBlock({ text, name }: { text: string; name: string }) {
  return (
    <div className="flex items-start gap-2 rounded-lg border border-line bg-sunken p-2 pl-3">
      <pre className="min-w-0 flex-1 self-center overflow-x-auto py-1 text-left font-mono text-[13px] leading-6 text-ink">
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={`Copy ${name}`} />
    </div>
  );
}
