import { type NotificationKind, notificationKinds } from '@pipecat-cloud/contract/notifications';
import type { CreatedWebhook } from '@pipecat-cloud/contract/webhooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Check, Field } from '../../ui/field';
import { OnceDialog } from '../../ui/once';
import { useOrg } from '../organization/org-context';
import { webhookKeys } from './webhook-queries';

const words: Readonly<Record<NotificationKind, string>> = {
  'token.expiring': 'A token ends soon',
  'token.reused': 'A rotated secret was sent again',
  'token.revoked': 'A token was revoked',
  'credential.leaked': 'A live credential was found in the open',
  'service_account.changed': 'A service account was made or changed',
  'member.invited': 'Somebody was invited',
};

export function CreateWebhookDialog({ onClose }: { onClose: () => void }) {
  // The signing secret lives here and nowhere else in the page.
  const [made, setMade] = useState<CreatedWebhook>();
  if (made) {
    return (
      <OnceDialog
        title="Copy the signing secret"
        about="The receiver checks each message with it, as Standard Webhooks describes. It is shown this once."
        value={made.secret}
        name="the secret"
        onDone={onClose}
      />
    );
  }
  return (
    <Dialog title="New webhook" onClose={onClose}>
      <WebhookForm onMade={setMade} onClose={onClose} />
    </Dialog>
  );
}

function WebhookForm({ onMade, onClose }: { onMade: (made: CreatedWebhook) => void; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const [url, setUrl] = useState('');
  const [kinds, setKinds] = useState<readonly NotificationKind[]>(notificationKinds);
  const create = useMutation({
    mutationFn: () => api.createWebhook(org.name, { url: url.trim(), kinds: [...kinds] }),
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: webhookKeys.all(org.name) });
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    create.mutate();
  }
  return (
    <form onSubmit={send} className="mt-4 space-y-5">
      <Field
        label="Address"
        hint="It begins with https://. Admins and owners of the organization can read it."
        name="webhook-url"
        type="url"
        autoComplete="off"
        autoFocus
        required
        maxLength={2000}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <fieldset>
        <legend className="mb-1.5 text-sm font-medium">What it gets</legend>
        <div className="space-y-1.5">
          {notificationKinds.map((kind) => (
            <Check
              key={kind}
              label={words[kind]}
              checked={kinds.includes(kind)}
              onChange={(on) => setKinds(on ? [...kinds, kind] : kinds.filter((other) => other !== kind))}
            />
          ))}
        </div>
      </fieldset>
      {create.isError && <Alert>{create.error.message}</Alert>}
      <DialogButtons>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" disabled={kinds.length === 0} busy={create.isPending}>
          Create webhook
        </Button>
      </DialogButtons>
    </form>
  );
}
