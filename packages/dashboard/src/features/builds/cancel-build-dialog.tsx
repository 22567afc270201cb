import type { Build } from '@pipecat-cloud/contract/builds';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { buildKeys } from './build-queries';

export function CancelBuildDialog({ build, onClose }: { build: Build; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.cancelBuild(org.name, build.id),
    onSuccess: async () => {
      onClose();
      toast(`Build ${build.id.slice(0, 8)} is cancelled.`);
      await queryClient.invalidateQueries({ queryKey: buildKeys.all(org.name) });
    },
  });
  return (
    <ConfirmDialog
      title={`Cancel build ${build.id.slice(0, 8)}?`}
      confirm="Cancel the build"
      cancel="Let it go on"
      busy={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate()}
      onClose={onClose}
    >
      <p>It ends as failed, and a deploy that waits for it fails too. What runs is not touched.</p>
    </ConfirmDialog>
  );
}
