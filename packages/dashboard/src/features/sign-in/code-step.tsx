import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Button } from '../../ui/button';
import { CodeField } from '../../ui/code-field';
import { Entrance } from './entrance';
import { useSignIn } from './sign-in-queries';

export function CodeStep({ email, next, onBack }: { email: string; next: string; onBack: () => void }) {
  const [code, setCode] = useState('');
  const signIn = useSignIn(() => api.signIn(email, code), next);

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
        <CodeField value={code} onChange={setCode} error={signIn.error?.message} />
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
