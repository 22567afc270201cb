import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { useTitle } from '../../lib/use-title';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Entrance } from './entrance';

const route = getRouteApi('/sign-in');

/** First the address, then the code that was sent to it. */
export function SignInPage() {
  useTitle('Sign in');
  const [email, setEmail] = useState('');
  const request = useMutation({ mutationFn: () => api.requestCode(email.trim()) });

  function submit(event: FormEvent) {
    event.preventDefault();
    request.mutate();
  }

  if (request.isSuccess) return <CodeStep email={email.trim()} onBack={request.reset} />;
  return (
    <Entrance title="Sign in" about="We send you a code; there is no password.">
      <form onSubmit={submit} className="space-y-4">
        <Field
          label="E-mail address"
          name="email"
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={request.error?.message}
        />
        <Button type="submit" look="primary" busy={request.isPending} className="w-full">
          Send me a code
        </Button>
      </form>
    </Entrance>
  );
}

function CodeStep({ email, onBack }: { email: string; onBack: () => void }) {
  const { next } = route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [code, setCode] = useState('');
  const signIn = useMutation({
    mutationFn: () => api.signIn(email, code),
    onSuccess: async () => {
      // A session may have run out before: what was read for somebody else must not be shown now.
      queryClient.clear();
      router.history.replace(next);
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate();
  }

  return (
    <Entrance
      title="Enter your code"
      about={
        <>
          <p>
            If <strong className="font-medium text-ink wrap-anywhere">{email}</strong> has an account here, a code of
            eight digits is on its way. It works for ten minutes.
          </p>
          <p className="mt-2">Without e-mail delivery, the code is printed in the terminal where the server runs.</p>
        </>
      }
    >
      <form onSubmit={submit} className="space-y-4">
        <Field
          label="Code"
          name="code"
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          required
          pattern="[0-9]{8}"
          title="Eight digits"
          maxLength={12}
          value={code}
          onChange={(event) => setCode(event.target.value.replace(/\D/g, '').slice(0, 8))}
          error={signIn.error?.message}
          className="font-mono tracking-[0.3em]"
        />
        <Button type="submit" look="primary" busy={signIn.isPending} className="w-full">
          Sign in
        </Button>
        <Button className="w-full" onClick={onBack}>
          Use another address or get a new code
        </Button>
      </form>
    </Entrance>
  );
}
