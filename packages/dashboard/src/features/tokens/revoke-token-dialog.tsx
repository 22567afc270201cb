import type { Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { tokenKeys } from './token-queries';
import { lastUseOf } from './token-words';

export function RevokeTokenDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.revokeToken(token.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: tokenKeys.all });
      onClose();
    },
  });
  return (
    <Dialog title={`Revoke “${token.name}”?`} onClose={onClose}>
      <p className="mt-2 text-sm text-muted">
        Whatever uses it stops working at once, and it cannot be brought back. {lastUseOf(token)}.
      </p>
      <p className="mt-2 font-mono text-[13px] text-muted">{token.masked}</p>
      {revoke.isError && (
        <p role="alert" className="mt-3 rounded-lg bg-bad-soft px-3 py-2 text-sm text-bad">
          {revoke.error.message}
        </p>
      )}
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke token
        </Button>
      </div>
    </Dialog>
  );
}
