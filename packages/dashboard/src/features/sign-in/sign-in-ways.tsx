import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api';
import { askPasskey } from '../../lib/passkeys';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { buttonLink } from '../../ui/link-style';
import { Loaded } from '../../ui/states';
import { CodeForm, PasskeyButton, ProofForm, SecretForm } from './proofs';
import { methodsQuery } from './sign-in-queries';

interface SignInWaysProps {
  /** Filled in already, where one knows who signs in. */
  email?: string;
  /** Where a provider elsewhere sends the browser afterwards. */
  next: string;
  onSignedIn: () => void | Promise<void>;
}

/** What the installation offers: a passkey, an outside provider, a code by e-mail, a password. */
export function SignInWays({ email: known = '', next, onSignedIn }: SignInWaysProps) {
  const methods = useQuery(methodsQuery);
  const [email, setEmail] = useState(known);
  const [byPassword, setByPassword] = useState(false);
  const address = email.trim();
  const passkeyProof = useMutation({
    mutationFn: async () => api.signInWithPasskey({ response: await askPasskey(await api.passkeySignInOptions()) }),
    onSuccess: onSignedIn,
  });
  const passwordProof = useMutation({
    mutationFn: (password: string) => api.signInWithPassword({ email: address, password }),
    onSuccess: onSignedIn,
  });
  const request = useMutation({ mutationFn: () => api.requestCode(address) });
  if (request.isSuccess) return <CodeStep email={address} onBack={request.reset} onSignedIn={onSignedIn} />;

  const emailField = (error?: string) => (
    <Field
      label="E-mail address"
      name="email"
      type="email"
      autoComplete="username"
      required
      value={email}
      onChange={(event) => setEmail(event.target.value)}
      error={error}
    />
  );
  return (
    <Loaded query={methods} what="the ways to sign in">
      {({ passkey, oidc, password }) => (
        <div className="space-y-4">
          {passkey && <PasskeyButton prove={passkeyProof} label="Sign in with a passkey" />}
          {oidc && (
            <a href={`/auth/oidc?next=${encodeURIComponent(next)}`} className={`${buttonLink} w-full`}>
              Sign in with {oidc.label}
            </a>
          )}
          {(passkey || oidc) && <Or />}
          {byPassword ? (
            <SecretForm kind="password" prove={passwordProof} submit="Sign in" before={emailField()}>
              <Button className="w-full" onClick={() => setByPassword(false)}>
                Send me a code instead
              </Button>
            </SecretForm>
          ) : (
            <ProofForm
              onSubmit={() => request.mutate()}
              busy={request.isPending}
              submit="Send me a code"
              others={
                password && (
                  <Button className="w-full" onClick={() => setByPassword(true)}>
                    Use a password
                  </Button>
                )
              }
            >
              {emailField(request.error?.message)}
            </ProofForm>
          )}
        </div>
      )}
    </Loaded>
  );
}

function CodeStep({
  email,
  onBack,
  onSignedIn,
}: {
  email: string;
  onBack: () => void;
  onSignedIn: () => void | Promise<void>;
}) {
  const prove = useMutation({ mutationFn: (code: string) => api.signIn(email, code), onSuccess: onSignedIn });
  return (
    <>
      <div className="mb-4 space-y-2 text-sm text-muted">
        <p>
          If <strong className="font-medium text-ink wrap-anywhere">{email}</strong> has an account here, a code of
          eight digits is on its way. It works for ten minutes.
        </p>
        <p>Without e-mail delivery, the code is printed in the terminal where the server runs.</p>
      </div>
      <CodeForm prove={prove} submit="Sign in">
        <Button className="w-full" onClick={onBack}>
          Use another address or get a new code
        </Button>
      </CodeForm>
    </>
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
