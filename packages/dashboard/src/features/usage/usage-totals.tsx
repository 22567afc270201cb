import type { Usage } from '@pipecat-cloud/contract/usage';
import { count } from '../../lib/format';
import { Card } from '../../ui/card';
import { Facts } from '../../ui/facts';
import { Table } from '../../ui/table';
import { dollars, idleShare, inWords, percent, totalsOf } from './usage-figures';

/** What it was in all, and what idle capacity cost. */
export function UsageTotals({ usage: { agents, sessionMinuteCents } }: { usage: Usage }) {
  const totals = totalsOf(agents);
  const share = idleShare(totals);
  const { sessions, sessionMinutes, idleMinutes } = totals;
  return (
    <Card title="In all">
      <Facts
        rows={[
          ['Sessions', `${count(sessions, 'session')}, ${inWords(sessionMinutes)}`],
          ['Warm', `${inWords(sessionMinutes + idleMinutes)} of instances that were ready or had a session`],
          [
            'Idle',
            <>
              <strong className="font-medium">{percent(share)} of the warm minutes served nobody</strong>, which is{' '}
              {inWords(idleMinutes)}
            </>,
          ],
          ...(sessionMinuteCents > 0
            ? [
                [
                  'Cost',
                  `${dollars(sessionMinutes * sessionMinuteCents)} for sessions. Idle minutes are not charged; at the price of a session they come to ${dollars(idleMinutes * sessionMinuteCents)}.`,
                ] as const,
              ]
            : []),
        ]}
      />
    </Card>
  );
}

/** Each agent in a row. */
export function UsageTable({ usage: { agents, sessionMinuteCents } }: { usage: Usage }) {
  const rows = agents
    .map((agent) => ({ ...agent, totals: totalsOf([agent]) }))
    .sort((a, b) => b.totals.sessionMinutes + b.totals.idleMinutes - a.totals.sessionMinutes - a.totals.idleMinutes);
  return (
    <Table
      label="Usage by agent"
      rows={rows}
      keyOf={({ agent }) => agent}
      columns={[
        {
          name: 'Agent',
          cell: ({ agent, deleted }) => (
            <>
              <span className="font-medium wrap-anywhere">{agent}</span>
              {deleted && <span className="block text-muted">deleted</span>}
            </>
          ),
        },
        { name: 'Sessions', cell: ({ totals }) => totals.sessions },
        {
          name: 'In session',
          cell: ({ totals: { sessionMinutes } }) => (
            <>
              {inWords(sessionMinutes)}
              {sessionMinuteCents > 0 && (
                <span className="block text-muted">{dollars(sessionMinutes * sessionMinuteCents)}</span>
              )}
            </>
          ),
        },
        {
          name: 'Warm',
          cell: ({ totals }) => (
            <>
              {inWords(totals.sessionMinutes + totals.idleMinutes)}
              <span className="block text-muted">{percent(idleShare(totals))} idle</span>
            </>
          ),
        },
      ]}
    />
  );
}
