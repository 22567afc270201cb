import type { Usage } from '@pipecat-cloud/contract/usage';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { date } from '../../lib/format';
import { Card } from '../../ui/card';
import { Chart } from '../../ui/chart';
import { CodeBlock } from '../../ui/code-block';
import { Choice } from '../../ui/field';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { DownloadButton } from './download-button';
import { minutes, seriesByAgent, seriesByUse } from './usage-figures';
import { usageQuery } from './usage-queries';
import { type Measure, measureOf, rangeOf, timesOf, type UsageSearch } from './usage-range';
import { UsageRangeCard } from './usage-range-card';
import { UsageTable, UsageTotals } from './usage-totals';

const route = getRouteApi('/signed-in/orgs/$org/usage');

/** How long agents were in use and kept warm, by agent and day, and how much of it served nobody. */
export function UsagePage() {
  const org = useOrg();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const show = (next: UsageSearch) => void navigate({ search: next, replace: true });
  const usage = useQuery({ ...usageQuery(org.name, rangeOf(search)), enabled: org.can('sessions:read') });
  return (
    <Page
      title="Usage"
      about="How long agents were in use and kept warm. Days are in UTC; what goes on counts up to now."
      actions={usage.data && usage.data.agents.length > 0 && <DownloadButton org={org.name} usage={usage.data} />}
    >
      <Permitted needs="sessions:read" to="see usage">
        <UsageRangeCard key={JSON.stringify(search)} search={search} onChange={show} />
        <Loaded query={usage} what="usage">
          {(data) => (
            <Figures
              usage={data}
              measure={measureOf(search)}
              onMeasure={(measure) => show({ ...search, show: measure })}
            />
          )}
        </Loaded>
      </Permitted>
    </Page>
  );
}

interface FiguresProps {
  usage: Usage;
  measure: Measure;
  onMeasure: (measure: Measure) => void;
}
const measureNames = [
  { value: 'sessions', label: 'Session minutes' },
  { value: 'warm', label: 'Warm minutes' },
  { value: 'idle', label: 'Idle minutes' },
] as const;

function Figures({ usage, measure, onMeasure }: FiguresProps) {
  const { agents, from, to, countedSince } = usage;
  const times = useMemo(() => timesOf({ from, to }), [from, to]);
  const byUse = useMemo(() => seriesByUse(agents, times), [agents, times]);
  const byAgent = useMemo(() => seriesByAgent(agents, times, measure), [agents, times, measure]);
  const began = countedSince !== null && countedSince.slice(0, 10) > from ? countedSince : undefined;
  if (agents.length === 0) return <NothingWarm since={began} />;
  const named = measureNames.find(({ value }) => value === measure)?.label ?? '';
  return (
    <>
      <UsageTotals usage={usage} />
      {began && <p className="text-sm text-muted">Usage is counted since {date(began)}; days before have none.</p>}
      <Card title="In use and idle" about="An idle instance is warm for a session that has not come yet.">
        <Chart caption="Warm minutes by day" times={times} series={byUse} stacked days sync="usage" format={minutes} />
      </Card>
      <Card
        title="By agent"
        actions={
          <Choice
            legend="What the chart shows"
            hideLegend
            name="measure"
            value={measure}
            options={measureNames}
            onChange={onMeasure}
          />
        }
      >
        {byAgent.some(({ values }) => values.some(Boolean)) ? (
          <Chart
            caption={`${named} by agent and day`}
            times={times}
            series={byAgent}
            stacked
            days
            sync="usage"
            format={minutes}
          />
        ) : (
          <Empty title={`No ${named.toLowerCase()} on these days`} />
        )}
        <div className="border-t border-line">
          <UsageTable usage={usage} />
        </div>
      </Card>
    </>
  );
}

function NothingWarm({ since }: { since: string | undefined }) {
  return (
    <Card title="Nothing was warm">
      <Empty title="No agent was in use or kept warm on these days">
        <p>{since ? `Usage is counted since ${date(since)}.` : 'Look at other days, or start a session:'}</p>
        {!since && (
          <div className="mt-3 text-left">
            <CodeBlock name="the command" text="pipecat cloud agent start AGENT" />
          </div>
        )}
      </Empty>
    </Card>
  );
}
