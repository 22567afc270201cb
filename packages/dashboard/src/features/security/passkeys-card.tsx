import type { Passkey } from '@pipecat-cloud/contract/sign-in';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ago, date, dateTime } from '../../lib/format';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Empty, Failure, Loading } from '../../ui/states';
import { AddPasskeyDialog, RemovePasskeyDialog, RenamePasskeyDialog } from './passkey-dialogs';
import { passkeysQuery } from './security-queries';

type Open = { what: 'add' } | { what: 'rename' | 'remove'; passkey: Passkey };

export function PasskeysCard() {
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <Card
      title="Passkeys"
      about="Your device and what unlocks it: two factors in one."
      actions={
        <Button look="primary" onClick={() => setOpen({ what: 'add' })}>
          Add a passkey
        </Button>
      }
    >
      <PasskeyList
        onRename={(passkey) => setOpen({ what: 'rename', passkey })}
        onRemove={(passkey) => setOpen({ what: 'remove', passkey })}
      />
      {open?.what === 'add' && <AddPasskeyDialog onClose={close} />}
      {open?.what === 'rename' && <RenamePasskeyDialog passkey={open.passkey} onClose={close} />}
      {open?.what === 'remove' && <RemovePasskeyDialog passkey={open.passkey} onClose={close} />}
    </Card>
  );
}

interface PasskeyListProps {
  onRename: (passkey: Passkey) => void;
  onRemove: (passkey: Passkey) => void;
}

export function PasskeyList({ onRename, onRemove }: PasskeyListProps) {
  const passkeys = useQuery(passkeysQuery);
  if (passkeys.isPending) return <Loading what="passkeys" />;
  if (passkeys.isError) return <Failure error={passkeys.error} onRetry={() => passkeys.refetch()} />;
  if (passkeys.data.length === 0) {
    return <Empty title="No passkeys yet">With one, you sign in without waiting for a code.</Empty>;
  }
  return (
    <ul className="divide-y divide-line">
      {passkeys.data.map((passkey) => (
        <li key={passkey.id} className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 px-4 py-4 sm:px-5">
          <div className="min-w-0 flex-1 basis-56">
            <p className="font-semibold wrap-anywhere">{passkey.name}</p>
            <p className="mt-1 text-sm text-muted">
              Added {date(passkey.createdAt)}
              <span aria-hidden="true"> · </span>
              <span title={passkey.lastUsedAt ? dateTime(passkey.lastUsedAt) : undefined}>
                {passkey.lastUsedAt ? `used ${ago(passkey.lastUsedAt)}` : 'never used'}
              </span>
              {passkey.backedUp && (
                <>
                  <span aria-hidden="true"> · </span>synced between devices
                </>
              )}
            </p>
          </div>
          <div className="flex gap-2">
            <Button aria-label={`Rename ${passkey.name}`} onClick={() => onRename(passkey)}>
              Rename
            </Button>
            <Button look="quietDanger" aria-label={`Remove ${passkey.name}`} onClick={() => onRemove(passkey)}>
              Remove
            </Button>
          </div>
        </li>
      ))}
    </ul>
  );
}
