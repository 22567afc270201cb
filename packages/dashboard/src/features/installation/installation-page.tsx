import type { InstallationHealth } from '@pipecat-cloud/contract/installation';
import { useQuery } from '@tanstack/react-query';
import { Badge } from '../../ui/badge';
import { Card, Panel } from '../../ui/card';
import { Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { BackupCard } from './backup-card';
import { healthQuery, isRefusal } from './installation-queries';
import { room, size } from './size-words';
import { WorkersCard } from './workers-card';

/** How the installation is, for whoever runs it. */
export function InstallationPage() {
  const health = useQuery(healthQuery);
  return (
    <Page title="Installation" about="How the parts of this installation are, at this moment.">
      {isRefusal(health.error) ? (
        <Panel>
          <Empty title="You do not run this installation">
            Only owners of the organization that it began with see how it is. Ask one of them.
          </Empty>
        </Panel>
      ) : (
        <Loaded query={health} what="how it is">
          {(data) => <Health health={data} />}
        </Loaded>
      )}
    </Page>
  );
}

function Health({ health }: { health: InstallationHealth }) {
  const { database, disk } = health;
  return (
    <>
      <Warnings health={health} />
      <WorkersCard health={health} />
      <Card title="Control plane">
        <Facts
          rows={[
            ['Release', `${health.version}, on Node ${health.node.replace(/^v/, '')}`],
            ['Started', <Time key="started" at={health.startedAt} />],
            [
              'Id',
              <span key="id" className="font-mono text-[13px]">
                {health.installationId}
              </span>,
            ],
          ]}
        />
      </Card>
      <Card title="Database">
        <Facts
          rows={[
            ['Kind', `${database.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'} ${database.version ?? ''}`],
            ['Size', size(database.bytes)],
            ['One read', database.latencyMs === null ? 'It does not answer' : `${Math.max(1, database.latencyMs)} ms`],
            [
              'Migrations',
              database.migrations === null
                ? 'Not known'
                : `${database.migrations} applied, the last ${database.lastMigration ?? 'not known'}`,
            ],
          ]}
        />
      </Card>
      <Card title="Disk of the control plane">
        <Facts
          rows={[
            [
              'Folder',
              <span key="folder" className="font-mono text-[13px] wrap-anywhere">
                {disk.folder}
              </span>,
            ],
            ['Room', room(disk.freeBytes, disk.bytes)],
            ['Logs', size(disk.logBytes)],
            ['Uploads', size(disk.uploadBytes)],
          ]}
        />
      </Card>
      <BackupCard health={health} />
    </>
  );
}

/** The worst first; each with what to do. */
function Warnings({ health: { warnings, checkedAt } }: { health: InstallationHealth }) {
  const sorted = [...warnings].sort((a, b) => a.severity.localeCompare(b.severity));
  return (
    <Card
      title={sorted.length === 0 ? 'Everything is as it should be' : 'What needs you'}
      about={
        <>
          Looked at <Time at={checkedAt} />; looked at again while this page is open.
        </>
      }
    >
      {sorted.length > 0 && (
        <ul className="divide-y divide-line">
          {sorted.map(({ code, severity, text, hint }) => (
            <li key={`${code} ${text}`} className="px-4 py-3.5 text-sm sm:px-5">
              <div className="flex flex-wrap items-center gap-2">
                <Badge tone={severity === 'critical' ? 'bad' : 'warn'}>
                  {severity === 'critical' ? 'Critical' : 'Warning'}
                </Badge>
                <span className="min-w-0 font-medium wrap-anywhere">{sentence(text)}</span>
              </div>
              <p className="mt-1 text-muted wrap-anywhere">{hint}</p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
