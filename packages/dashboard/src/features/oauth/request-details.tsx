import type { OauthRequest } from '@pipecat-cloud/contract/oauth';
import type { ReactNode } from 'react';
import { ago } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';

interface RequestDetailsProps {
  request: OauthRequest;
  email: string;
  busy: boolean;
  onAllow: () => void;
  onDeny: () => void;
  error?: Error | null;
}

/** Who asks, from where, and what it gets; the same for a browser and for a device. */
export function RequestDetails({ request, email, busy, onAllow, onDeny, error }: RequestDetailsProps) {
  const device = request.kind === 'device';
  return (
    <div className="space-y-5 px-4 py-5 sm:px-5">
      <dl className="grid gap-x-4 gap-y-2 text-sm sm:grid-cols-[10rem_1fr]">
        <Row name="Program">{request.clientName}</Row>
        <Row name={device ? 'Started from' : 'Your address'}>{request.address ?? 'unknown'}</Row>
        {request.userAgent && <Row name={device ? 'Client' : 'Browser'}>{request.userAgent}</Row>}
        <Row name="Asked">{ago(request.requestedAt)}</Row>
        {request.redirectUri && <Row name="Answer goes to">{request.redirectUri}</Row>}
        <Row name="Signs in">{email}</Row>
      </dl>
      <p className="text-sm">
        It will act as you: in every organization of yours, with everything that your role allows, for 90 days at most
        and until it is unused for 30. You can end it any time under Sign-ins.
      </p>
      <p role="note" className="rounded-lg border border-line bg-warn-soft px-3 py-2.5 text-sm">
        {device
          ? 'Allow this only if you started it yourself a moment ago, and the code on that screen is the one that you typed. Nobody who calls or writes to you needs it: whoever started it would act as you.'
          : 'Allow this only if you ran the sign-in command on this computer a moment ago.'}
      </p>
      {error && <Alert>{error.message}</Alert>}
      <div className="flex flex-wrap gap-3">
        <Button look="primary" busy={busy} onClick={onAllow}>
          Allow
        </Button>
        <Button disabled={busy} onClick={onDeny}>
          Refuse
        </Button>
      </div>
    </div>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="font-medium wrap-anywhere">{children}</dd>
    </>
  );
}
