import type { Webhook } from '@pipecat-cloud/contract/webhooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Badge, type Tone } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { CreateWebhookDialog } from './create-webhook-dialog';
import { deliveriesQuery, webhookKeys, webhooksQuery } from './webhook-queries';

/** Where the organization's notifications are posted; people get theirs by e-mail without any setting. */
export function WebhooksPage() {
  const org = useOrg();
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Webhooks"
      about="Where notifications of the organization are posted: tokens that end soon, leaks, changes of service accounts. People get theirs by e-mail."
      actions={
        org.can('org:write') && (
          <Button look="primary" onClick={() => setMaking(true)}>
            New webhook
          </Button>
        )
      }
    >
      <Permitted needs="org:write" to="see webhooks">
        <WebhookList />
      </Permitted>
      {making && <CreateWebhookDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function WebhookList() {
  const org = useOrg();
  const webhooks = useQuery(webhooksQuery(org.name));
  return (
    <Loaded query={webhooks} what="webhooks">
      {(all) =>
        all.length === 0 ? (
          <Card title="Webhooks">
            <Empty title="No webhooks yet">
              <p className="mb-3">Make one here, or with:</p>
              <CodeBlock
                text="pipecat cloud organizations webhooks create https://example.com/hooks/pipecat"
                name="the command"
              />
            </Empty>
          </Card>
        ) : (
          all.map((webhook) => <WebhookCard key={webhook.id} webhook={webhook} />)
        )
      }
    </Loaded>
  );
}

function WebhookCard({ webhook }: { webhook: Webhook }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const test = useMutation({ mutationFn: () => api.testWebhook(org.name, webhook.id) });
  const remove = useMutation({
    mutationFn: () => api.deleteWebhook(org.name, webhook.id),
    onSuccess: async () => {
      toast('The webhook is deleted.');
      await queryClient.invalidateQueries({ queryKey: webhookKeys.all(org.name) });
    },
  });
  return (
    <Card
      title={webhook.url}
      about={
        <>
          {webhook.kinds.join(', ')} · made <Time at={webhook.createdAt} />
        </>
      }
      actions={
        <div className="flex flex-wrap gap-2">
          <Button aria-expanded={open} onClick={() => setOpen(!open)}>
            Deliveries
          </Button>
          <Button busy={test.isPending} onClick={() => test.mutate()}>
            Send a test
          </Button>
          <Button look="quietDanger" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </div>
      }
    >
      {(test.error || test.data) && (
        <div className="px-4 py-3 sm:px-5">
          {test.error && <Alert>{test.error.message}</Alert>}
          {test.data && (
            <Alert tone={test.data.delivered ? 'good' : 'bad'}>
              {test.data.delivered
                ? `It took the test, with status ${test.data.status}.`
                : `It did not take the test: ${test.data.error ?? `status ${test.data.status}`}. See that the address is right and answers with 2xx.`}
            </Alert>
          )}
        </div>
      )}
      {open && <Deliveries webhook={webhook} />}
      {deleting && (
        <ConfirmDialog
          title="Delete the webhook?"
          confirm="Delete webhook"
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setDeleting(false)}
        >
          <p>{webhook.url} gets nothing more, and what waits for it is dropped.</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}

const tones: Readonly<Record<string, Tone>> = { pending: 'busy', delivered: 'good', failed: 'bad' };

function Deliveries({ webhook }: { webhook: Webhook }) {
  const org = useOrg();
  const deliveries = useQuery(deliveriesQuery(org.name, webhook.id));
  return (
    <Loaded query={deliveries} what="deliveries">
      {(all) =>
        all.length === 0 ? (
          <Empty title="Nothing was sent in the last thirty days" />
        ) : (
          <Table
            label={`Deliveries to ${webhook.url}`}
            rows={all}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Kind', cell: ({ kind }) => <code className="font-mono text-[13px]">{kind}</code> },
              { name: 'State', cell: ({ state }) => <Badge tone={tones[state] ?? 'quiet'}>{state}</Badge> },
              { name: 'Made', cell: ({ createdAt }) => <Time at={createdAt} capital /> },
              {
                name: 'Attempts',
                cell: ({ attempts, nextAttemptAt, lastError }) => (
                  <>
                    {attempts}
                    {nextAttemptAt && (
                      <>
                        , next <Time at={nextAttemptAt} />
                      </>
                    )}
                    {lastError && <span className="block text-muted wrap-anywhere">{lastError}</span>}
                  </>
                ),
              },
            ]}
          />
        )
      }
    </Loaded>
  );
}
