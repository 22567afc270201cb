import type { EnrollmentToken } from '@pipecat-cloud/contract/regions';
import { dateTime } from '../../lib/format';
import { CodeBlock } from '../../ui/code-block';
import { OnceDialog } from '../../ui/once';

/** The token that a worker enrols with, once, and the command that does so. The token itself is in no command. */
export function EnrolmentDialog({ token, onDone }: { token: EnrollmentToken; onDone: () => void }) {
  const command = [
    `PIPECAT_CLOUD_CONTROL_URL=${window.location.origin} \\`,
    'PIPECAT_CLOUD_WORKER_DIR=/var/lib/pipecat-worker \\',
    'PIPECAT_CLOUD_WORKER_ENROLMENT_FILE=/var/lib/pipecat-worker/enrolment \\',
    'node packages/worker/dist/main.js',
  ].join('\n');
  return (
    <OnceDialog
      title={`A machine for ${token.region_key}`}
      about={`The token works once, until ${dateTime(token.expires_at)}, and is shown this once. Put it into a file on the machine that only the worker’s user can read.`}
      value={token.token}
      name="the token"
      onDone={onDone}
    >
      <div className="space-y-2 text-sm">
        <p className="text-muted">Then start a worker of the same release there, with the token in that file:</p>
        <CodeBlock text={command} name="the command" />
        <p className="text-muted">
          Where this control plane can’t reach the machine by its name, say how: PIPECAT_CLOUD_WORKER_DATA_HOST.
        </p>
      </div>
    </OnceDialog>
  );
}
