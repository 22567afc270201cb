import { Link } from '@tanstack/react-router';
import { dateTime } from '../../lib/format';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { Facts } from '../../ui/facts';
import { buttonLink, linkStyle } from '../../ui/link-style';
import type { Line } from './log-lines';
import { clockTime } from './log-row';
import { lineSearch } from './log-search';
import { shownText } from './log-text';

interface LineDetailProps {
  org: string;
  agent: string;
  line: Line;
  /** Lines around it are left out by a filter. */
  filtered: boolean;
  onClose: () => void;
}

/** All of the chosen line, and where it leads. */
export function LineDetail({ org, agent, line, filtered, onClose }: LineDetailProps) {
  const { log, timestamp, level, stream, sessionId, deploymentId, instanceId, cursor = '' } = line;
  const href = `${location.origin}/orgs/${org}/logs?${new URLSearchParams({ ...lineSearch(agent, cursor) })}`;
  const text = shownText(log);
  return (
    <section aria-label="The chosen line" className="border-t border-line">
      <div className="flex flex-wrap items-center justify-end gap-2 px-4 pt-3 sm:px-5">
        <CopyButton text={text} label="Copy the line" words="Copy the line" />
        <CopyButton text={href} label="Copy a link to it" words="Copy a link" />
        {filtered && (
          <Link to="/orgs/$org/logs" params={{ org }} search={lineSearch(agent, cursor)} className={buttonLink}>
            Lines around it
          </Link>
        )}
        <Button onClick={onClose}>Close</Button>
      </div>
      <pre
        aria-live="polite"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        tabIndex={0}
        className="max-h-60 overflow-auto whitespace-pre-wrap px-4 py-3 font-mono text-[13px] leading-5 wrap-anywhere focus-visible:-outline-offset-2 sm:px-5"
      >
        {text}
      </pre>
      <Facts
        rows={[
          ['Written', <span key="at" title={timestamp}>{`${dateTime(timestamp)} (${clockTime(timestamp)})`}</span>],
          ['Level', `${level ?? 'INFO'}${stream ? `, on ${stream}` : ''}`],
          [
            'Session',
            sessionId ? (
              <Link
                key="session"
                to="/orgs/$org/agents/$name/sessions/$id"
                params={{ org, name: agent, id: sessionId }}
                className={linkStyle}
              >
                {sessionId}
              </Link>
            ) : (
              'none: its instance was idle'
            ),
          ],
          ['Deployment', deploymentId ?? '—'],
          ['Instance', instanceId ?? '—'],
        ]}
      />
    </section>
  );
}
