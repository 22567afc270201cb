import type { SecurityFacts } from '@pipecat-cloud/contract/sign-in';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { askPasskey } from '../../lib/passkeys';
import { secondFactorQuery } from '../../lib/query-client';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { CodeField } from '../../ui/code-field';
import { Field } from '../../ui/field';
import { Failure, Loading } from '../../ui/states';
import { factsQuery, useSecurityRefresh } from './security-queries';

type Way = SecurityFacts['stepUp'][number]['by'];
const labels: Readonly<Record<Way, string>> = {
  passkey: 'Use a passkey',
  email: 'Send me a code',
  password: 'Type your password',
  recovery: 'Use a recovery code',
};

interface StepUpFormProps {
  /** Only ways that make two factors of what the session has shown. */
  secondFactor: boolean;
  onDone: () => void;
}

/** One more factor in this session, by a way that the person picks. */
export function StepUpForm({ secondFactor, onDone }: StepUpFormProps) {
  const facts = useQuery(factsQuery);
  const [way, setWay] = useState<Way>();
  const queryClient = useQueryClient();
  const refresh = useSecurityRefresh();
  async function done() {
    queryClient.setQueryData(secondFactorQuery.queryKey, false);
    await refresh();
    onDone();
  }

  if (facts.isPending) return <Loading what="the ways to confirm" />;
  if (facts.isError) return <Failure error={facts.error} onRetry={() => facts.refetch()} />;
  const ways = facts.data.stepUp.filter((one) => !secondFactor || one.secondFactor).map(({ by }) => by);
  if (ways.length === 0) {
    return (
      <Alert tone="warn">
        You have no second factor yet. Add a passkey under Security; it counts as two factors in one.
      </Alert>
    );
  }
  if (way === 'email') return <ByCode email={facts.data.email} onDone={done} />;
  if (way === 'password' || way === 'recovery') return <ByText way={way} onDone={done} />;
  return (
    <div className="flex flex-col gap-2">
      {ways.map((by) =>
        by === 'passkey' ? (
          <ByPasskey key={by} onDone={done} />
        ) : (
          <Button key={by} onClick={() => setWay(by)}>
            {labels[by]}
          </Button>
        ),
      )}
    </div>
  );
}

function ByPasskey({ onDone }: { onDone: () => void }) {
  const prove = useMutation({
    mutationFn: async () => api.stepUp({ passkey: await askPasskey(await api.stepUpPasskeyOptions()) }),
    onSuccess: onDone,
  });
  return (
    <>
      <Button look="primary" busy={prove.isPending} onClick={() => prove.mutate()}>
        {labels.passkey}
      </Button>
      {prove.isError && <Alert>{prove.error.message}</Alert>}
    </>
  );
}

function ByCode({ email, onDone }: { email: string; onDone: () => void }) {
  const [code, setCode] = useState('');
  const send = useMutation({ mutationFn: () => api.stepUpCode() });
  const prove = useMutation({ mutationFn: () => api.stepUp({ code }), onSuccess: onDone });

  function submit(event: FormEvent) {
    event.preventDefault();
    prove.mutate();
  }

  if (!send.isSuccess) {
    return (
      <div className="space-y-3">
        <p className="text-sm text-muted">
          We send a code of eight digits to <strong className="font-medium text-ink wrap-anywhere">{email}</strong>.
        </p>
        {send.isError && <Alert>{send.error.message}</Alert>}
        <Button look="primary" className="w-full" busy={send.isPending} onClick={() => send.mutate()}>
          Send the code
        </Button>
      </div>
    );
  }
  return (
    <form onSubmit={submit} className="space-y-3">
      <CodeField value={code} onChange={setCode} error={prove.error?.message} />
      <Button type="submit" look="primary" className="w-full" busy={prove.isPending}>
        Confirm
      </Button>
    </form>
  );
}

function ByText({ way, onDone }: { way: 'password' | 'recovery'; onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const isPassword = way === 'password';
  const prove = useMutation({
    mutationFn: () => api.stepUp(isPassword ? { password: typed } : { recoveryCode: typed.trim() }),
    onSuccess: onDone,
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    prove.mutate();
  }

  return (
    <form onSubmit={submit} className="space-y-3">
      <Field
        label={isPassword ? 'Password' : 'Recovery code'}
        name={way}
        type={isPassword ? 'password' : 'text'}
        autoComplete={isPassword ? 'current-password' : 'off'}
        autoFocus
        required
        maxLength={isPassword ? 128 : 60}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        error={prove.error?.message}
      />
      <Button type="submit" look="primary" className="w-full" busy={prove.isPending}>
        Confirm
      </Button>
    </form>
  );
}
