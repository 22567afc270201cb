import type { Usage, UsageQuery } from '@pipecat-cloud/contract/usage';
import type { CommandContext } from '../../lib/context.js';

/** `usage`: how long agents were in use and kept warm. */
export async function showUsage(context: CommandContext, { from, to }: UsageQuery) {
  const [api, org] = [await context.api(), await context.org()];
  const usage = await api.getUsage(org, { ...(from && { from }), ...(to && { to }) });
  context.result({ organization: org, ...usage }, () =>
    context.list(
      `No agent of ${org} was warm from ${usage.from} to ${usage.to}.`,
      ['AGENT', 'SESSIONS', 'SESSION MINUTES', 'WARM MINUTES', 'IDLE'],
      usage.agents.map(rowOf),
      {
        plain: {
          headings: ['DAY', 'AGENT', 'SESSIONS', 'SESSION SECONDS', 'IDLE SECONDS'],
          rows: usage.agents.flatMap(({ agent, days }) =>
            days.map((each) =>
              [each.day, agent, each.sessions, each.sessionSeconds, each.idleSeconds].map((value) => `${value}`),
            ),
          ),
        },
      },
    ),
  );
}

function rowOf({ agent, deleted, days }: Usage['agents'][number]): string[] {
  const sum = (of: (day: (typeof days)[number]) => number) => days.reduce((total, day) => total + of(day), 0);
  const [inSession, idle] = [sum((day) => day.sessionSeconds), sum((day) => day.idleSeconds)];
  const minutes = (seconds: number) => (seconds / 60).toFixed(1);
  const share = inSession + idle === 0 ? '-' : `${Math.round((idle / (inSession + idle)) * 100)}%`;
  const name = deleted ? `${agent} (deleted)` : agent;
  return [name, `${sum((day) => day.sessions)}`, minutes(inSession), minutes(inSession + idle), share];
}
