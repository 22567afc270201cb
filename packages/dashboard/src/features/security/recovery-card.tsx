import type { SecurityFacts } from '@pipecat-cloud/contract/sign-in';
import { useCallback, useState } from 'react';
import { api } from '../../lib/api';
import { count } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { OnceDialog } from '../../ui/once';
import { useSecurityRefresh } from './security-queries';
import { useConfirmed } from './use-confirmed';

/** Codes for paper, beside a passkey or password that may get lost. */
export function RecoveryCard({ facts }: { facts: SecurityFacts }) {
  const refresh = useSecurityRefresh();
  // The values live here and nowhere else in the page: closing the dialog forgets them.
  const [codes, setCodes] = useState<string[]>();
  const make = useConfirmed({
    mutationFn: () => api.makeRecoveryCodes(),
    onSuccess: async (made) => {
      setCodes(made.codes);
      await refresh();
    },
  });
  const forget = useCallback(() => setCodes(undefined), []);
  const left = facts.recoveryCodes;
  return (
    <Card
      title="Recovery codes"
      about="For the day when a passkey or password is lost. Each works once, beside a code by e-mail."
      actions={
        <Button busy={make.isPending} onClick={() => make.mutate(undefined)}>
          {left > 0 ? 'Make new ones' : 'Make recovery codes'}
        </Button>
      }
    >
      <div className="space-y-3 p-4 text-sm text-muted sm:p-5">
        <p>{left > 0 ? `${count(left, 'code')} left. New ones end those of before.` : 'You have none.'}</p>
        {make.error && <Alert>{make.error.message}</Alert>}
      </div>
      {make.dialog}
      {codes && (
        <OnceDialog
          title="Keep these codes on paper"
          about="This is the only time that they are shown."
          value={codes.join('\n')}
          name="the codes"
          done="I have kept them"
          onDone={forget}
        />
      )}
    </Card>
  );
}
