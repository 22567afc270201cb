import type { Capacity } from '@pipecat-cloud/contract/pool';
import { useQuery } from '@tanstack/react-query';
import { count, dateTime } from '../../lib/format';
import { Card } from '../../ui/card';
import { Loaded } from '../../ui/states';
import { capacityQuery } from './agent-queries';
import { secondsWords } from './start-times';
import { useAgent } from './use-agent';

/** Past decisions that are shown; the command line's --json has the last hundred. */
const shownDecisions = 20;

/** What is warm, how many are kept so, and why so many. */
export function CapacityCard() {
  const { org, name } = useAgent();
  const capacity = useQuery(capacityQuery(org.name, name));
  return (
    <Card title="Warm instances" about="Ready before somebody calls, so that a session begins at once.">
      <Loaded query={capacity} what="what is warm">
        {(all) => (
          <>
            <Figures capacity={all} />
            <p className="border-t border-line px-4 py-3 text-sm wrap-anywhere sm:px-5">
              <span className="text-muted">Why so many: </span>
              {all.now?.why ?? 'No deployment is live yet, so nothing is kept warm'}.
            </p>
            {all.decisions.length > 0 && <Decisions decisions={all.decisions} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function Figures({ capacity }: { capacity: Capacity }) {
  const { now, idle, active, maxAgents, free, waiting } = capacity;
  const figures: readonly (readonly [name: string, value: string, about: string | undefined])[] = [
    ['Warm', String(idle), now ? `${now.target} to be kept` : undefined],
    ['With a session', String(active), `${maxAgents} at most`],
    ['Free places', String(free), 'without an instance'],
    [
      'Start of an instance',
      now?.inputs.startSecondsP95 == null ? '—' : secondsWords(now.inputs.startSecondsP95),
      now?.inputs.startSecondsP95 == null ? 'none was seen yet' : 'for 95 of 100, of the last 50',
    ],
  ];
  const others = [
    [capacity.starting, 'starting'],
    [capacity.settling, 'whose bot is finishing'],
    [capacity.quarantined, 'in quarantine: never used again, because its bot was not known to have finished'],
    [capacity.leaving, 'leaving'],
  ] as const;
  const told = others.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return (
    <>
      <dl className="grid grid-cols-2 gap-4 px-4 py-4 sm:px-5 md:grid-cols-4">
        {figures.map(([name, value, about]) => (
          <div key={name}>
            <dt className="text-sm text-muted">{name}</dt>
            <dd>
              <span className="block text-2xl font-semibold tabular-nums">{value}</span>
              {about && <span className="block text-sm text-muted">{about}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {now && idle > now.target && (
        <p className="px-4 pb-3 text-sm text-muted sm:px-5">
          Those beyond the number leave once they have been idle for five minutes. One is kept for a deployment that
          waits to be promoted.
        </p>
      )}
      {told.length > 0 && <p className="px-4 pb-3 text-sm sm:px-5">Besides: {told.join(', ')}.</p>}
      {waiting > 0 && <p className="px-4 pb-3 text-sm sm:px-5">{count(waiting, 'caller')} in the queue for a place.</p>}
    </>
  );
}

function Decisions({ decisions }: { decisions: Capacity['decisions'] }) {
  return (
    <details className="border-t border-line px-4 py-3 text-sm sm:px-5">
      <summary className="text-muted">How the number changed</summary>
      <ol className="mt-2 space-y-1.5">
        {decisions.slice(0, shownDecisions).map(({ at, why }) => (
          <li key={at} className="sm:flex sm:gap-3">
            <time dateTime={at} className="block shrink-0 text-muted sm:w-44">
              {dateTime(at)}
            </time>
            <span className="wrap-anywhere">{why}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}
