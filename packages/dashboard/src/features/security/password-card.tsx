import { passwordLength, type SecurityFacts } from '@pipecat-cloud/contract/sign-in';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field } from '../../ui/field';
import { useSecurityRefresh } from './security-queries';
import { useConfirmed } from './use-confirmed';

const blank = { current: '', fresh: '' };

export function PasswordCard({ facts }: { facts: SecurityFacts }) {
  const refresh = useSecurityRefresh();
  const [typed, setTyped] = useState(blank);
  const [done, setDone] = useState<string>();
  const put = useConfirmed({
    mutationFn: ({ current, fresh }: typeof blank) =>
      api.putPassword({ password: fresh, ...(current ? { currentPassword: current } : {}) }),
    onSuccess: async () => {
      setTyped(blank);
      setDone('Saved. Your other sessions have ended.');
      await refresh();
    },
  });
  const remove = useConfirmed({
    mutationFn: () => api.removePassword(),
    onSuccess: async () => {
      setDone('You sign in without a password now.');
      await refresh();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setDone(undefined);
    put.mutate(typed);
  }

  return (
    <Card
      title="Password"
      about={
        facts.hasPassword
          ? 'You have one. A code by e-mail works as well.'
          : 'You have none, and need none: a passkey or a code signs you in.'
      }
      actions={
        facts.hasPassword && (
          <Button look="quietDanger" busy={remove.isPending} onClick={() => remove.mutate(undefined)}>
            Remove the password
          </Button>
        )
      }
    >
      <form onSubmit={submit} className="max-w-md space-y-4 p-4 sm:p-5">
        {/* Password managers find the account by it. */}
        <input type="text" name="username" autoComplete="username" value={facts.email} readOnly hidden />
        {facts.hasPassword && (
          <Field
            label="Current password"
            hint="Forgotten? Leave it empty, and confirm with a code."
            name="current-password"
            type="password"
            autoComplete="current-password"
            maxLength={passwordLength.max}
            value={typed.current}
            onChange={(event) => setTyped({ ...typed, current: event.target.value })}
          />
        )}
        <Field
          label="New password"
          hint={`At least ${passwordLength.min} characters; four words at random are good.`}
          name="new-password"
          type="password"
          autoComplete="new-password"
          required
          minLength={passwordLength.min}
          maxLength={passwordLength.max}
          value={typed.fresh}
          onChange={(event) => setTyped({ ...typed, fresh: event.target.value })}
          error={put.error?.message}
        />
        {remove.error && <Alert>{remove.error.message}</Alert>}
        {done && <Alert tone="good">{done}</Alert>}
        <Button type="submit" busy={put.isPending}>
          {facts.hasPassword ? 'Change the password' : 'Set a password'}
        </Button>
      </form>
      {put.dialog}
      {remove.dialog}
    </Card>
  );
}
