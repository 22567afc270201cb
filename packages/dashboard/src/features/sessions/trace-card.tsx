import type { SessionTrace } from '@pipecat-cloud/contract/sessions';
import { useQuery } from '@tanstack/react-query';
import { isNotFound } from '../../lib/refusals';
import { Card } from '../../ui/card';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { traceQuery } from './session-queries';
import { milliseconds, stepWords } from './session-words';

/** What the start waited for, as a waterfall. */
export function TraceCard({ agent, id }: { agent: string; id: string }) {
  const org = useOrg();
  const trace = useQuery(traceQuery(org.name, agent, id));
  const isMissing = isNotFound(trace.error);
  const { totalMs = null } = trace.data ?? {};
  return (
    <Card
      title="Where its start took time"
      {...(totalMs !== null && { about: `${milliseconds(totalMs)} from the request until the agent had accepted` })}
    >
      {isMissing ? (
        <Empty title="Nothing was noted of this start" />
      ) : (
        <Loaded query={trace} what="the trace">
          {(found) => <Waterfall trace={found} />}
        </Loaded>
      )}
    </Card>
  );
}

function Waterfall({ trace: { steps, totalMs, error, coldReason } }: { trace: SessionTrace }) {
  const end = Math.max(1, totalMs ?? 0, ...steps.map(({ atMs, ms }) => atMs + (ms ?? 0)));
  return (
    <>
      <ol className="space-y-3 px-4 py-4 text-sm sm:px-5">
        {steps.map(({ step, atMs, ms }) => (
          <li key={step}>
            <div className="flex flex-wrap justify-between gap-x-4">
              <span>
                <span className="font-mono text-[13px]">{step}</span>{' '}
                <span className="text-muted">{stepWords[step] ?? ''}</span>
              </span>
              <span className="tabular-nums">{ms === null ? 'not over' : milliseconds(ms)}</span>
            </div>
            <div aria-hidden="true" className="mt-1 h-2.5 overflow-hidden rounded-full bg-sunken">
              <div
                className={`h-full min-w-1 rounded-full ${ms === null ? 'bg-bad' : step === 'connect' ? 'bg-strong-line' : 'bg-accent'}`}
                style={{
                  marginLeft: `${Math.min(99, (atMs / end) * 100)}%`,
                  width: `${(((ms ?? end - atMs) || 0) / end) * 100}%`,
                }}
              />
            </div>
          </li>
        ))}
      </ol>
      {(coldReason ?? error) && (
        <div className="space-y-1 border-t border-line px-4 py-3 text-sm wrap-anywhere sm:px-5">
          {error && <p className="text-bad">{error}</p>}
          {coldReason && <p className="text-muted">{coldReason}.</p>}
        </div>
      )}
    </>
  );
}
