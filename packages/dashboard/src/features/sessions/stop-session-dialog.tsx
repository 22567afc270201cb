import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';

interface StopSessionDialogProps {
  agent: string;
  id: string;
  onClose: () => void;
}

/** Asks before somebody is cut off. */
export function StopSessionDialog({ agent, id, onClose }: StopSessionDialogProps) {
  const org = useOrg();
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: () => api.stopSession(org.name, agent, id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['org', org.name, 'agents', agent] });
      toast('The session is stopped.');
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title="Stop this session?"
      confirm="Stop session"
      cancel="Let it go on"
      busy={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate()}
      onClose={onClose}
    >
      <p>Whoever talks to {agent} in it is cut off. Its log and its measurements stay.</p>
    </ConfirmDialog>
  );
}
