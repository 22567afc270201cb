import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { sessionKey } from '../../lib/query-client';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { Field } from '../../ui/field';
import { Page } from '../../ui/page';
import { RequestDetails } from './request-details';

const route = getRouteApi('/signed-in/device');

/** A device that has no browser waits; the person types the code that it shows. */
export function DevicePage() {
  const { user_code: prefilled } = route.useSearch();
  const [code, setCode] = useState(prefilled ?? '');
  const session = useQueryClient().getQueryData<{ email: string }>(sessionKey);
  const find = useMutation({ mutationFn: () => api.findDeviceRequest(code) });
  const decide = useMutation({
    mutationFn: (decision: 'allow' | 'deny') => api.decideDeviceRequest({ userCode: code, decision }),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    find.mutate();
  }

  if (decide.isSuccess) {
    const allowed = decide.variables === 'allow';
    return (
      <Page title={allowed ? 'The device is signed in' : 'The sign-in was refused'}>
        <Alert tone={allowed ? 'good' : 'warn'}>
          {allowed ? 'Go back to it; you can close this page.' : 'The device gets nothing. You can close this page.'}
        </Alert>
      </Page>
    );
  }
  return (
    <Page title="Sign in a device" about="The command shows a code of eight letters.">
      <Panel>
        {find.data ? (
          <RequestDetails
            request={find.data}
            email={session?.email ?? ''}
            busy={decide.isPending}
            onAllow={() => decide.mutate('allow')}
            onDeny={() => decide.mutate('deny')}
            error={decide.error}
          />
        ) : (
          <form onSubmit={submit} className="max-w-sm space-y-4 px-4 py-5 sm:px-5">
            <Field
              label="Code"
              name="code"
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              required
              maxLength={20}
              value={code}
              onChange={(event) => setCode(event.target.value.toUpperCase())}
              hint="Type it from the screen of your own device, never from a message."
              error={find.error?.message}
              className="font-mono tracking-[0.2em]"
            />
            <Button type="submit" look="primary" busy={find.isPending}>
              Continue
            </Button>
          </form>
        )}
      </Panel>
    </Page>
  );
}
