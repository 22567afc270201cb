import { useEffect, useState } from 'react';
import { Button } from './button';

interface CopyButtonProps {
  text: string;
  /** What is copied, for screen readers: "Copy the token". */
  label: string;
  words?: string;
}

/** Copies `text`. Where the browser allows no clipboard (plain http on another host), it says so: the text can be selected. */
export function CopyButton({ text, label, words = 'Copy' }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('idle'), 2_500);
    return () => clearTimeout(timer);
  }, [state]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      setState('failed');
    }
  }

  return (
    <Button onClick={copy} aria-label={label} className="shrink-0">
      <span aria-live="polite">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Select and copy by hand' : words}
      </span>
    </Button>
  );
}
