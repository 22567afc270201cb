import type { PanicResult } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { count } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field, SelectField } from '../../ui/field';

const hourMs = 3_600_000;
const spans = [
  { hours: 1, label: 'The last hour' },
  { hours: 24, label: 'The last day' },
  { hours: 24 * 7, label: 'The last 7 days' },
  { hours: 24 * 30, label: 'The last 30 days' },
  { hours: 24 * 3650, label: 'Ever' },
] as const;

interface PanicDialogProps {
  /** Whose tokens: a sentence. */
  about: string;
  /** Further choices. */
  children?: ReactNode;
  revoke: (since: string) => Promise<PanicResult>;
  onClose: () => void;
}

/** Ends whatever was made or used in a time: for when something leaked and nobody knows what. */
export function PanicDialog({ about, children, revoke, onClose }: PanicDialogProps) {
  const queryClient = useQueryClient();
  const [hours, setHours] = useState(24);
  const [typed, setTyped] = useState('');
  const panic = useMutation({
    mutationFn: () => revoke(new Date(Date.now() - hours * hourMs).toISOString()),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  if (panic.data) return <Ended result={panic.data} onClose={onClose} />;
  return (
    <Dialog title="Revoke everything" onClose={onClose}>
      <div className="mt-2 space-y-4">
        <p className="text-sm text-muted">
          For when something leaked and you do not know what. {about} Whatever uses them stops at once, and nothing
          brings them back.
        </p>
        {children}
        <SelectField
          label="Made or used within"
          value={hours}
          onChange={(event) => setHours(Number(event.target.value))}
        >
          {spans.map((span) => (
            <option key={span.hours} value={span.hours}>
              {span.label}
            </option>
          ))}
        </SelectField>
        <Field
          label="Type “revoke” to go on"
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {panic.isError && <Alert>{panic.error.message}</Alert>}
      </div>
      <DialogButtons>
        <Button onClick={onClose}>Leave them</Button>
        <Button
          look="danger"
          disabled={typed.trim() !== 'revoke'}
          busy={panic.isPending}
          onClick={() => panic.mutate()}
        >
          Revoke everything
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function Ended({ result: { revoked }, onClose }: { result: PanicResult; onClose: () => void }) {
  return (
    <Dialog title={`${count(revoked.length, 'token')} revoked`} onClose={onClose}>
      <ul className="mt-3 max-h-72 space-y-1.5 overflow-y-auto text-sm">
        {revoked.map(({ id, name, masked, owner }) => (
          <li key={id} className="wrap-anywhere">
            <span className="font-medium">{name}</span>{' '}
            <span className="text-muted">
              of {owner.name} <span className="font-mono text-[13px]">{masked}</span>
            </span>
          </li>
        ))}
      </ul>
      <p className="mt-3 text-sm text-muted">The audit log has them too. Make new ones where they are needed.</p>
      <DialogButtons>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
