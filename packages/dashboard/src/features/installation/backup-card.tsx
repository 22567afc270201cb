import type { InstallationHealth } from '@pipecat-cloud/contract/installation';
import { dateTime } from '../../lib/format';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Time } from '../../ui/time';

const commands = {
  sqlite: 'npm run backup -- FILE',
  postgres: 'pg_dump --format=custom --file=FILE "$PIPECAT_CLOUD_DATABASE_URL"\nnpm run backup -- --note',
} as const;

/** When the last backup was made that anybody noted here, and how to make one. */
export function BackupCard({ health: { lastBackupAt, disk, database } }: { health: InstallationHealth }) {
  return (
    <Card
      title="Backup"
      about={
        database.error !== null ? (
          'When the last one was made is not known while the database does not answer.'
        ) : lastBackupAt === null ? (
          'No backup is known: none is made by itself, and one of another kind is not seen unless it is noted.'
        ) : (
          <>
            The last one was made <Time at={lastBackupAt} />, on {dateTime(lastBackupAt)}.
          </>
        )
      }
    >
      <div className="space-y-3 px-4 py-4 text-sm sm:px-5">
        <p>This copies the database while it is in use, and notes when that was:</p>
        <CodeBlock text={commands[database.kind]} name="the command" />
        <p className="text-muted wrap-anywhere">
          Keep <code className="font-mono text-[13px]">{disk.folder}/keys.json</code> as well, in another place: without
          it nothing that is sealed in the database can be opened. Logs and uploads lie in the same folder.
        </p>
      </div>
    </Card>
  );
}
