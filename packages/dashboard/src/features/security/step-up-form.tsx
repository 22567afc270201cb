import type { SecurityFacts, StepUpBody } from '@pipecat-cloud/contract/sign-in';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api';
import { askPasskey } from '../../lib/passkeys';
import { secondFactorQuery } from '../../lib/query-client';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Loaded } from '../../ui/states';
import { CodeForm, PasskeyButton, SecretForm } from '../sign-in/proofs';
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
  async function onSuccess() {
    queryClient.setQueryData(secondFactorQuery.queryKey, false);
    await refresh();
    onDone();
  }
  const byPasskey = useMutation({
    mutationFn: async () => api.stepUp({ passkey: await askPasskey(await api.stepUpPasskeyOptions()) }),
    onSuccess,
  });
  const byText = useMutation({ mutationFn: (typed: string) => api.stepUp(proofOf(way, typed)), onSuccess });

  return (
    <Loaded query={facts} what="the ways to confirm">
      {({ email, stepUp }) => {
        const ways = stepUp.filter((one) => !secondFactor || one.secondFactor).map(({ by }) => by);
        if (ways.length === 0) {
          return (
            <Alert tone="warn">
              You have no second factor yet. Add a passkey under Security; it counts as two factors in one.
            </Alert>
          );
        }
        if (way === 'email') return <ByCode email={email} prove={byText} />;
        if (way === 'password' || way === 'recovery') return <SecretForm kind={way} prove={byText} submit="Confirm" />;
        return (
          <div className="flex flex-col gap-2">
            {ways.map((by) =>
              by === 'passkey' ? (
                <PasskeyButton key={by} prove={byPasskey} label={labels.passkey} primary />
              ) : (
                <Button key={by} onClick={() => setWay(by)}>
                  {labels[by]}
                </Button>
              ),
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

function proofOf(way: Way | undefined, typed: string): StepUpBody {
  if (way === 'password') return { password: typed };
  return way === 'recovery' ? { recoveryCode: typed.trim() } : { code: typed };
}

function ByCode({ email, prove }: { email: string; prove: Parameters<typeof CodeForm>[0]['prove'] }) {
  const send = useMutation({ mutationFn: () => api.stepUpCode() });
  if (send.isSuccess) return <CodeForm prove={prove} submit="Confirm" />;
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
