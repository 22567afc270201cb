import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { useTitle } from '../../lib/use-title';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Failure, Loading } from '../../ui/states';
import { CodeStep } from './code-step';
import { Entrance } from './entrance';
import { PasskeySignIn } from './passkey-sign-in';
import { PasswordForm } from './password-form';
import { sentenceOf } from './problems';
import { methodsQuery } from './sign-in-queries';

const route = getRouteApi('/sign-in');

/** What the installation offers: a passkey, an outside provider, a code by e-mail, a password. */
export function SignInPage() {
  useTitle('Sign in');
  const { next, problem } = route.useSearch();
  const methods = useQuery(methodsQuery);
  const [email, setEmail] = useState('');
  const [byPassword, setByPassword] = useState(false);
  const request = useMutation({ mutationFn: () => api.requestCode(email.trim()) });

  function submit(event: FormEvent) {
    event.preventDefault();
    request.mutate();
  }

  if (request.isSuccess) return <CodeStep email={email.trim()} next={next} onBack={request.reset} />;
  if (methods.isPending) return <Loading what="the sign-in page" />;
  if (methods.isError) return <Failure error={methods.error} onRetry={() => methods.refetch()} />;
  const { passkey, oidc, password } = methods.data;
  const sentence = sentenceOf(problem);
  return (
    <Entrance title="Sign in" about="To your team’s agents, sessions and credentials.">
      <div className="space-y-4">
        {sentence && <Alert>{sentence}</Alert>}
        {passkey && <PasskeySignIn next={next} />}
        {oidc && (
          <a
            href={`/auth/oidc?next=${encodeURIComponent(next)}`}
            className="flex min-h-9 w-full items-center justify-center rounded-lg border border-line bg-card px-3.5 py-1.5 text-sm font-medium hover:bg-sunken"
          >
            Sign in with {oidc.label}
          </a>
        )}
        {(passkey || oidc) && <Or />}
        {byPassword ? (
          <PasswordForm email={email} onEmail={setEmail} next={next} onBack={() => setByPassword(false)} />
        ) : (
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
            {password && (
              <Button className="w-full" onClick={() => setByPassword(true)}>
                Use a password
              </Button>
            )}
          </form>
        )}
      </div>
    </Entrance>
  );
}

function Or() {
  return (
    <div className="flex items-center gap-3 text-xs text-muted" aria-hidden="true">
      <span className="h-px flex-1 bg-line" />
      or
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}
