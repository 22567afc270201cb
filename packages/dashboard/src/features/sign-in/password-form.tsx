import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { useSignIn } from './sign-in-queries';

interface PasswordFormProps {
  email: string;
  onEmail: (email: string) => void;
  next: string;
  onBack: () => void;
}

export function PasswordForm({ email, onEmail, next, onBack }: PasswordFormProps) {
  const [password, setPassword] = useState('');
  const signIn = useSignIn(() => api.signInWithPassword({ email: email.trim(), password }), next);

  function submit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate();
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <Field
        label="E-mail address"
        name="email"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => onEmail(event.target.value)}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        maxLength={128}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={signIn.error?.message}
      />
      <Button type="submit" look="primary" busy={signIn.isPending} className="w-full">
        Sign in
      </Button>
      <Button className="w-full" onClick={onBack}>
        Send me a code instead
      </Button>
    </form>
  );
}
