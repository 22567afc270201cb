import type { InstallationHealth, WorkerHealth } from '@pipecat-cloud/contract/installation';
import { count } from '../../lib/format';
import { Badge } from '../../ui/badge';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Empty } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { room } from './size-words';

/** Every worker that may connect: its driver and engine, what runs there, how much room there is. */
export function WorkersCard({ health: { workers, database } }: { health: InstallationHealth }) {
  const isAllKnown = database.error === null;
  return (
    <Card
      title="Workers"
      about={
        isAllKnown
          ? 'They run the agents.'
          : 'They run the agents. Only connected ones are known while the database does not answer.'
      }
    >
      {workers.length === 0 && !isAllKnown ? (
        <Empty title="No worker is connected" />
      ) : workers.length === 0 ? (
        <Empty title="No worker is enrolled">
          <p>Without one no agent can start. This runs one beside the control plane:</p>
          <div className="mt-3 text-left">
            <CodeBlock text="npm start" name="the command" />
          </div>
        </Empty>
      ) : (
        <Table
          label="Workers"
          rows={workers}
          keyOf={({ id }) => id}
          columns={[
            { name: 'Worker', cell: Name },
            { name: 'State', cell: State },
            { name: 'Driver', cell: Driver },
            {
              name: 'Runs',
              cell: ({ instances, sessions }) => (
                <>
                  {count(instances, 'instance')}
                  <span className="block text-muted">{count(sessions, 'session')}</span>
                </>
              ),
            },
            {
              name: 'Room',
              cell: ({ memoryFreeBytes, memoryBytes, diskFreeBytes, diskBytes, cpuCount }) => (
                <>
                  Memory: {room(memoryFreeBytes, memoryBytes)}
                  <span className="block text-muted">Disk: {room(diskFreeBytes, diskBytes)}</span>
                  {cpuCount !== null && <span className="block text-muted">{count(cpuCount, 'processor')}</span>}
                </>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function Name({ name, hostname, region, organizationId }: WorkerHealth) {
  return (
    <>
      <span className="font-medium wrap-anywhere">{name}</span>
      {hostname && hostname !== name && <span className="block text-muted wrap-anywhere">{hostname}</span>}
      {organizationId !== null && <span className="block text-muted wrap-anywhere">region {region} of a team</span>}
    </>
  );
}

function State({ connected, lastSeenAt, version }: WorkerHealth) {
  return (
    <>
      {connected ? <Badge tone="good">Connected</Badge> : <Badge tone="warn">Away</Badge>}
      {!connected && (
        <span className="mt-1 block text-muted">
          {lastSeenAt === null ? (
            'Never seen'
          ) : (
            <>
              Seen <Time at={lastSeenAt} />
            </>
          )}
        </span>
      )}
      {version !== null && <span className="mt-1 block text-muted">Release {version}</span>}
    </>
  );
}

function Driver({ driver, architecture, engine, engineError }: WorkerHealth) {
  if (driver === null) return '–';
  return (
    <>
      {driver}
      {architecture !== null && `, ${architecture}`}
      {engine && <span className="block text-muted wrap-anywhere">{`${engine.name} ${engine.version}`}</span>}
      {engineError !== null && <span className="block text-bad wrap-anywhere">{engineError}</span>}
    </>
  );
}
