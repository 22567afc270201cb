import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../lib/api';
import { count } from '../../lib/format';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { toast } from '../../ui/toast';
import { agentKeys } from './agent-queries';
import { useAgent } from './use-agent';

export function DeleteAgentDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { org, agent, refresh } = useAgent();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteService(org.name, name),
    onSuccess: async () => {
      await navigate({ to: '/orgs/$org/agents', params: { org: org.name }, replace: true });
      queryClient.removeQueries({ queryKey: agentKeys.one(org.name, name) });
      await refresh();
      toast(`${name} is deleted.`);
    },
  });
  const running = agent.activeSessionCount;
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      confirm="Delete agent"
      typed={name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        No session can begin any more, and its history, logs and deployments are removed. It cannot be brought back; its
        name is free for another.
      </p>
      {running > 0 && <p>{count(running, 'session')} that run now go on to their end.</p>}
    </ConfirmDialog>
  );
}
