import type { LogRetention } from '@pipecat-cloud/contract/logs';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api } from '../../lib/api';
import { useEdits } from '../../lib/use-edits';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Field } from '../../ui/field';
import { Loaded } from '../../ui/states';
import { toast } from '../../ui/toast';
import { logRetentionQuery } from './agent-queries';
import { useAgent } from './use-agent';

type Draft = Readonly<Record<keyof LogRetention, string>>;

const draftOf = (kept: LogRetention | undefined): Draft => ({
  days: String(kept?.days ?? ''),
  megabytes: String(kept?.megabytes ?? ''),
});
const numberOf = (typed: string) => (typed === '' ? null : Number(typed));

/** How long lines of this agent are kept, where that is to be less than the installation keeps. */
export function LogRetentionForm() {
  const { org, name } = useAgent();
  const query = logRetentionQuery(org.name, name);
  const stored = useQuery({ ...query, enabled: org.can('logs:read') });
  const queryClient = useQueryClient();
  const { draft, changes, changed, edit, undo } = useEdits(draftOf(stored.data));
  const save = useMutation({
    mutationFn: async () => {
      // One limit is not set without the other, which may be something else by now.
      const { days, megabytes } = { ...draftOf(await api.getLogRetention(org.name, name)), ...changes };
      return await api.putLogRetention(org.name, name, { days: numberOf(days), megabytes: numberOf(megabytes) });
    },
    onSuccess: (after) => {
      queryClient.setQueryData(query.queryKey, after);
      undo();
      toast('Saved. Older lines go within a minute.');
    },
  });
  if (!org.can('logs:read')) return null;
  const editable = org.can('agents:deploy');
  return (
    <Card title="Logs" about="Less than the installation keeps can be kept of this agent, never more.">
      <Loaded query={stored} what="how long logs are kept">
        {(kept) => {
          const send = (event: FormEvent) => {
            event.preventDefault();
            save.mutate();
          };
          const limit = (field: keyof Draft, label: string, max: number, now: string) => (
            <Field
              label={label}
              hint={`Empty: as the installation says. Now in force: ${now}.`}
              type="number"
              name={field}
              min={1}
              max={max}
              step={1}
              disabled={!editable}
              value={draft[field]}
              onChange={(event) => edit({ [field]: event.target.value })}
            />
          );
          const { days, megabytes } = kept.effective;
          return (
            <form onSubmit={send} className="space-y-5 px-4 py-4 sm:px-5">
              <div className="grid gap-5 sm:grid-cols-2">
                {limit('days', 'Days (optional)', 3650, days ? `${days} day${days === 1 ? '' : 's'}` : 'no limit')}
                {limit('megabytes', 'Size in MiB (optional)', 1_048_576, megabytes ? `${megabytes} MiB` : 'no limit')}
              </div>
              {save.error && <Alert>{save.error.message}</Alert>}
              {editable && (
                <div className="flex flex-wrap gap-2">
                  <Button type="submit" look="primary" busy={save.isPending} disabled={!changed}>
                    Save for logs
                  </Button>
                  {changed && <Button onClick={undo}>Undo</Button>}
                </div>
              )}
            </form>
          );
        }}
      </Loaded>
    </Card>
  );
}
