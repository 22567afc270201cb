import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { useTitle } from '../../lib/use-title';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Field } from '../../ui/field';
import { Entrance, SignInInstead } from './entrance';

/** The code stands behind the `#`, which browsers send to no server, so that no access log has it. */
function codeOfLink(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get('code') ?? '';
}

/** The owner's first visit, by the link that the terminal printed. */
export function SetupPage() {
  useTitle('Set up');
  const [code] = useState(codeOfLink);
  const [email, setEmail] = useState('');
  const [organizationName, setOrganizationName] = useState('');
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const setUp = useMutation({
    mutationFn: () =>
      api.setUp({
        code,
        email: email.trim(),
        ...(organizationName.trim() ? { organizationName: organizationName.trim() } : {}),
      }),
    onSuccess: async () => {
      // A session may have run out before: what was read for somebody else must not be shown now.
      queryClient.clear();
      // Replaces the entry of the browser's history that has the code in it.
      await navigate({ to: '/', replace: true });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setUp.mutate();
  }

  if (code === '') {
    return (
      <Entrance
        title="This link is not whole"
        about="Copy the whole set-up link from the terminal where the server runs, from http to its end."
      >
        <SignInInstead />
      </Entrance>
    );
  }
  return (
    <Entrance
      title="Set up your Pipecat Cloud"
      about="Its owner begins here. This link works once: if it was used, sign in."
    >
      <form onSubmit={submit} className="space-y-4">
        <Field
          label="Your e-mail address"
          hint="You sign in with it from now on."
          name="email"
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label="Name of your organization (optional)"
          hint="Shown in the dashboard; you can leave it as it is."
          name="organization"
          autoComplete="organization"
          maxLength={100}
          value={organizationName}
          onChange={(event) => setOrganizationName(event.target.value)}
        />
        {setUp.isError && <Alert>{setUp.error.message}</Alert>}
        <Button type="submit" look="primary" busy={setUp.isPending} className="w-full">
          Finish and sign in
        </Button>
        <p className="text-center">
          <SignInInstead />
        </p>
      </form>
    </Entrance>
  );
}
