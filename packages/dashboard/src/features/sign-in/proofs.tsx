import type { UseMutationResult } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { CodeField } from '../../ui/code-field';
import { Field } from '../../ui/field';

/** Of the contract; its schemas are not loaded for it, because these forms are part of every first load. */
const longestPassword = 128;

/** What is sent to prove who one is; the same forms sign in and confirm. */
export type Proving<Proof> = UseMutationResult<unknown, Error, Proof>;

interface PasskeyButtonProps {
  prove: Proving<void>;
  label: string;
  primary?: boolean;
}

export function PasskeyButton({ prove, label, primary = false }: PasskeyButtonProps) {
  return (
    <>
      <Button
        look={primary ? 'primary' : 'plain'}
        className="w-full"
        busy={prove.isPending}
        onClick={() => prove.mutate()}
      >
        {label}
      </Button>
      {prove.isError && <Alert>{prove.error.message}</Alert>}
    </>
  );
}

interface FormProps {
  prove: Proving<string>;
  /** On the button. */
  submit: string;
  /** Other ways, below the button. */
  children?: ReactNode;
}

/** The eight digits that were mailed. */
export function CodeForm({ prove, submit, children }: FormProps) {
  const [code, setCode] = useState('');
  return (
    <ProofForm onSubmit={() => prove.mutate(code)} busy={prove.isPending} submit={submit} others={children}>
      <CodeField value={code} onChange={setCode} error={prove.error?.message} />
    </ProofForm>
  );
}

/** A password or a recovery code; `before` stands above it. */
export function SecretForm({
  prove,
  submit,
  children,
  kind,
  before,
}: FormProps & { kind: 'password' | 'recovery'; before?: ReactNode }) {
  const [typed, setTyped] = useState('');
  const isPassword = kind === 'password';
  return (
    <ProofForm onSubmit={() => prove.mutate(typed)} busy={prove.isPending} submit={submit} others={children}>
      {before}
      <Field
        label={isPassword ? 'Password' : 'Recovery code'}
        name={kind}
        type={isPassword ? 'password' : 'text'}
        autoComplete={isPassword ? 'current-password' : 'off'}
        required
        maxLength={isPassword ? longestPassword : 60}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        error={prove.error?.message}
      />
    </ProofForm>
  );
}

interface ProofFormProps {
  onSubmit: () => void;
  busy: boolean;
  submit: string;
  others?: ReactNode;
  children: ReactNode;
}

export function ProofForm({ onSubmit, busy, submit, others, children }: ProofFormProps) {
  function send(event: FormEvent) {
    event.preventDefault();
    onSubmit();
  }
  return (
    <form onSubmit={send} className="space-y-4">
      {children}
      <Button type="submit" look="primary" busy={busy} className="w-full">
        {submit}
      </Button>
      {others}
    </form>
  );
}
