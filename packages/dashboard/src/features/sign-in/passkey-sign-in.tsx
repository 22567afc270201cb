import { api } from '../../lib/api';
import { askPasskey } from '../../lib/passkeys';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { useSignIn } from './sign-in-queries';

export function PasskeySignIn({ next }: { next: string }) {
  const signIn = useSignIn(async () => {
    const response = await askPasskey(await api.passkeySignInOptions());
    return await api.signInWithPasskey({ response });
  }, next);
  return (
    <>
      <Button className="w-full" busy={signIn.isPending} onClick={() => signIn.mutate()}>
        Sign in with a passkey
      </Button>
      {signIn.isError && <Alert>{signIn.error.message}</Alert>}
    </>
  );
}
