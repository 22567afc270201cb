import type { AuditVerification } from '@pipecat-cloud/contract/audit';
import { useMutation } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { count } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { buttonLink } from '../../ui/link-style';
import { useOrg } from '../organization/org-context';

/** Whether the log is as it was written, and all of it as a file. */
export function ChainCard() {
  const org = useOrg();
  const verify = useMutation({ mutationFn: () => api.verifyAudit(org.name) });
  return (
    <Card
      title="Chain"
      about="Each record holds the hash of the one before it, so that a change or a gap shows."
      actions={
        <div className="flex flex-wrap gap-2">
          <Button busy={verify.isPending} onClick={() => verify.mutate()}>
            Check the chain
          </Button>
          {/* The browser writes it to disk as it comes, however long it is. */}
          <a className={buttonLink} href={`/v1/organizations/${encodeURIComponent(org.name)}/audit/export`} download>
            Export as JSON lines
          </a>
        </div>
      }
    >
      <div className="space-y-3 px-4 py-4 text-sm sm:px-5">
        {verify.isError && <Alert>{verify.error.message}</Alert>}
        {verify.data ? (
          <Verification found={verify.data} />
        ) : (
          <p className="text-muted">
            Check it here, or keep the head’s hash elsewhere and check an export without any server:
          </p>
        )}
        <CodeBlock text="pipecat cloud audit verify --file audit.jsonl --head HASH" name="the command" />
      </div>
    </Card>
  );
}

function Verification({ found: { ok, records, from, to, headHash, problem } }: { found: AuditVerification }) {
  if (!ok) {
    return (
      <Alert>
        The chain is broken{problem && ` at record ${problem.seq}: ${problem.what}`}. {count(records, 'record')} before
        that are whole. Keep a copy of the database, and ask who had access to it.
      </Alert>
    );
  }
  return (
    <>
      <Alert tone="good">
        {count(records, 'record')}, {from} to {to}: the chain is whole.
      </Alert>
      <p className="text-muted">
        Its head: <code className="font-mono text-xs wrap-anywhere">{headHash}</code>
      </p>
    </>
  );
}
