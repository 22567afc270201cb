import type { Member } from '@pipecat-cloud/contract/members';
import type { Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api';
import { count } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Loaded } from '../../ui/states';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { serviceAccountsQuery } from '../service-accounts/service-account-queries';
import { lastUseOf } from '../tokens/token-words';
import { memberKeys, memberTokensQuery } from './member-queries';

interface RemoveMemberDialogProps {
  member: Member;
  onClose: () => void;
}

/** Removing somebody asks of each of their tokens first: handed to a service account, or ended. */
export function RemoveMemberDialog({ member, onClose }: RemoveMemberDialogProps) {
  const org = useOrg();
  const tokens = useQuery(memberTokensQuery(org.name, member.userId));
  return (
    <Dialog title={`Remove ${member.email}?`} onClose={onClose} wide>
      <div className="-mx-4 mt-1 sm:-mx-6">
        <Loaded query={tokens} what="their tokens">
          {(live) => (
            <div className="px-4 sm:px-6">
              <Fates member={member} tokens={live} onClose={onClose} />
            </div>
          )}
        </Loaded>
      </div>
    </Dialog>
  );
}

const end = 'end';

function Fates({ member, tokens, onClose }: RemoveMemberDialogProps & { tokens: readonly Token[] }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const accounts = useQuery(serviceAccountsQuery(org.name)).data ?? [];
  /** By token: the id of a service account, or `end`. A token that is missing here was not decided on. */
  const [fates, setFates] = useState<Readonly<Record<string, string>>>({});
  const open = tokens.filter(({ id }) => !fates[id]).length;
  const remove = useMutation({
    mutationFn: () =>
      api.removeMember(org.name, member.userId, {
        tokens: tokens.map(({ id }) => {
          const fate = fates[id];
          return { id, ...(fate && fate !== end ? { serviceAccountId: fate } : {}) };
        }),
      }),
    onSuccess: async ({ adopted, ended }) => {
      toast(`${member.email} is removed. ${count(adopted.length, 'token')} handed over, ${ended.length} ended.`);
      onClose();
      await queryClient.invalidateQueries({ queryKey: ['org', org.name] });
    },
    // A token that was made meanwhile has to be decided on as well.
    onError: () => queryClient.invalidateQueries({ queryKey: memberKeys.tokens(org.name, member.userId) }),
  });
  return (
    <>
      <p className="mt-2 text-sm text-muted">
        {tokens.length === 0
          ? 'No live token of theirs reaches this organization. They and their sign-ins are out at once.'
          : `${count(tokens.length, 'live token')} of theirs ${tokens.length === 1 ? 'reaches' : 'reach'} this organization. Say what becomes of each: a service account adopts it and its secret goes on working, or it is ended.`}
      </p>
      {tokens.length > 0 && (
        <>
          <ul className="mt-4 divide-y divide-line rounded-lg border border-line">
            {tokens.map((token) => (
              <li key={token.id} className="flex flex-wrap items-center justify-between gap-3 px-3 py-3 text-sm">
                <div className="min-w-0 flex-1 basis-48">
                  <p className="font-medium wrap-anywhere">{token.name}</p>
                  <p className="text-muted wrap-anywhere">
                    <span className="font-mono text-[13px]">{token.masked}</span> · {lastUseOf(token)}
                  </p>
                </div>
                <select
                  aria-label={`What becomes of ${token.name}`}
                  value={fates[token.id] ?? ''}
                  onChange={(event) => setFates({ ...fates, [token.id]: event.target.value })}
                  className="min-h-9 max-w-full rounded-lg border border-strong-line bg-card px-2.5"
                >
                  <option value="" disabled>
                    Choose…
                  </option>
                  {accounts.map(({ id, name, role }) => (
                    <option key={id} value={id}>
                      Hand to {name} ({role})
                    </option>
                  ))}
                  <option value={end}>End it</option>
                </select>
              </li>
            ))}
          </ul>
          <div className="mt-3 flex flex-wrap items-center gap-3 text-sm text-muted">
            <Button onClick={() => setFates(Object.fromEntries(tokens.map(({ id }) => [id, end])))}>End all</Button>
            {accounts.length === 0 && 'There is no service account yet that could adopt one; make one first.'}
          </div>
        </>
      )}
      {remove.isError && (
        <div className="mt-3">
          <Alert>{remove.error.message}</Alert>
        </div>
      )}
      <DialogButtons>
        <Button onClick={onClose}>Keep them</Button>
        <Button look="danger" busy={remove.isPending} disabled={open > 0} onClick={() => remove.mutate()}>
          {open > 0 ? `Remove (${open} to decide)` : 'Remove member'}
        </Button>
      </DialogButtons>
    </>
  );
}
