import type { Policy, PolicyDryRun } from '@pipecat-cloud/contract/policies';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { count } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { toast } from '../../ui/toast';
import { leastRoleFor, useOrg } from '../organization/org-context';
import { lastUseOf } from '../tokens/token-words';
import { changesOf, type PolicyDraft, policyDraftOf } from './policy-draft';
import { PolicyFields } from './policy-fields';
import { policyKeys, policyQuery } from './policy-queries';

/** Rules for every credential that reaches the organization; before they are set one sees what they would stop. */
export function PolicyPage() {
  const org = useOrg();
  const policy = useQuery(policyQuery(org.name));
  return (
    <Page title="Policies" about={`What ${org.verboseName} asks of every token that reaches it.`}>
      <Loaded query={policy} what="the policies">
        {({ policy: present, updatedAt }) => (
          <>
            {!org.can('org:write') && (
              <Alert tone="warn">
                You see the rules; changing them takes the role {leastRoleFor('org:write')}. Admins and owners are under
                Members.
              </Alert>
            )}
            <PolicyForm key={updatedAt} present={present} editable={org.can('org:write')} />
            <p className="text-sm text-muted">
              {updatedAt ? (
                <>
                  Last changed <Time at={updatedAt} />; the audit log says by whom.
                </>
              ) : (
                'Nothing was set yet: nothing is asked.'
              )}
            </p>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function PolicyForm({ present, editable }: { present: Policy; editable: boolean }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<PolicyDraft>(() => policyDraftOf(present));
  const changes = changesOf(draft, present);
  const changed = Object.keys(changes).length;
  const dryRun = useMutation({ mutationFn: () => api.dryRunPolicy(org.name, changes) });
  const put = useMutation({
    mutationFn: () => api.putPolicy(org.name, changes),
    onSuccess: async () => {
      toast('The policies are set. They count from the next request on.');
      await queryClient.invalidateQueries({ queryKey: policyKeys.policy(org.name) });
    },
  });
  function edit(next: PolicyDraft) {
    setDraft(next);
    // What was found out was about another draft.
    dryRun.reset();
    put.reset();
  }
  function send(event: FormEvent) {
    event.preventDefault();
    if (dryRun.data) put.mutate();
    else dryRun.mutate();
  }
  return (
    <Card title="Rules">
      <form onSubmit={send} className="space-y-6 px-4 py-5 sm:px-5">
        <fieldset disabled={!editable} className="min-w-0">
          <legend className="sr-only">Rules</legend>
          <PolicyFields draft={draft} onChange={edit} />
        </fieldset>
        {dryRun.data && <DryRun result={dryRun.data} />}
        {(dryRun.error ?? put.error) && <Alert>{(dryRun.error ?? put.error)?.message}</Alert>}
        {editable && (
          <div className="flex flex-wrap items-center gap-3">
            {dryRun.data ? (
              <Button type="submit" look={dryRun.data.stopped.length > 0 ? 'danger' : 'primary'} busy={put.isPending}>
                {dryRun.data.stopped.length > 0
                  ? `Set it and stop ${count(dryRun.data.stopped.length, 'token')}`
                  : 'Set the policies'}
              </Button>
            ) : (
              <Button type="submit" look="primary" disabled={changed === 0} busy={dryRun.isPending}>
                See what it would stop
              </Button>
            )}
            {changed > 0 && <Button onClick={() => edit(policyDraftOf(present))}>Undo</Button>}
            <span className="text-sm text-muted">
              {changed === 0 ? 'Nothing is changed yet.' : `${count(changed, 'rule')} changed, not set yet.`}
            </span>
          </div>
        )}
      </form>
    </Card>
  );
}

function DryRun({ result: { stopped } }: { result: PolicyDryRun }) {
  if (stopped.length === 0) return <Alert tone="good">No token that works now would be stopped.</Alert>;
  return (
    <section aria-label="What it would stop" className="rounded-lg border border-line">
      <p role="status" className="border-b border-line bg-warn-soft px-3 py-2 text-sm text-warn">
        {count(stopped.length, 'token')} that work now would be stopped:
      </p>
      <ul className="divide-y divide-line text-sm">
        {stopped.map(({ token, rule, sentence }) => (
          <li key={token.id} className="px-3 py-2.5">
            <p className="font-medium wrap-anywhere">
              {token.name} <span className="font-normal text-muted">of {token.owner.name}</span>
            </p>
            <p className="text-muted wrap-anywhere">
              {lastUseOf(token)} · {sentence} <code className="font-mono text-xs">{rule}</code>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
