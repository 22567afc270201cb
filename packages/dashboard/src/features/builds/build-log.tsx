import type { Build } from '@pipecat-cloud/contract/builds';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { count } from '../../lib/format';
import { Card } from '../../ui/card';
import { CopyButton } from '../../ui/copy-button';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { buildKeys, buildLogQuery, isOpen } from './build-queries';

/** This near to its end a reader follows what comes. */
const nearEnd = 40;

/** What the steps of a build have written; live while it runs. */
export function BuildLog({ build }: { build: Build }) {
  const org = useOrg();
  const client = useQueryClient();
  const log = useQuery(buildLogQuery(client, org.name, build));
  const open = isOpen(build);
  const { id, status } = build;
  const before = useRef(status);
  useEffect(() => {
    if (before.current === status) return;
    before.current = status;
    // The last lines came between the last reading and the end, after which nothing is read by itself.
    void client.invalidateQueries({ queryKey: [...buildKeys.one(org.name, id), 'log'] });
  }, [client, org.name, id, status]);
  return (
    <Card
      title="Log"
      about={open ? 'Lines come as they are written.' : log.data && count(log.data.length, 'line')}
      actions={
        log.data &&
        log.data.length > 0 && (
          <CopyButton text={log.data.map(plain).join('\n')} label="Copy all of the log" words="Copy all" />
        )
      }
    >
      <Loaded query={log} what="the log">
        {(lines) =>
          lines.length === 0 ? (
            <Empty title={open ? 'Nothing was written yet' : 'Nothing was written'} />
          ) : (
            <Lines lines={lines} />
          )
        }
      </Loaded>
    </Card>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes is what moves the end.
  useEffect(() => {
    if (box.current && follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length]);
  return (
    <pre
      ref={box}
      role="log"
      // Not read out line by line: a build writes hundreds.
      aria-live="off"
      aria-label="Log of the build"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has a keyboard alone scrolls it with that.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < nearEnd;
      }}
      className="max-h-[60dvh] overflow-auto px-4 py-3 font-mono text-[13px] leading-5 whitespace-pre-wrap wrap-anywhere sm:px-5"
    >
      {lines.map(plain).join('\n')}
    </pre>
  );
}

/** Without the colours and cursor movements of terminals. */
export function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out.
  return line.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '').replace(/[\u0000-\u0008\u000b-\u001f]/g, '');
}
