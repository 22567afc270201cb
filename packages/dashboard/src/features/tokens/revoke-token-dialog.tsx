import type { Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { toast } from '../../ui/toast';
import type { TokenSource } from './token-source';
import { lastUseOf } from './token-words';

interface RevokeTokenDialogProps {
  source: Pick<TokenSource, 'key' | 'revoke'>;
  token: Token;
  onClose: () => void;
}

export function RevokeTokenDialog({ source, token, onClose }: RevokeTokenDialogProps) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => source.revoke(token.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: source.key });
      toast(`“${token.name}” is revoked, and whatever was derived from it.`);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={`Revoke “${token.name}”?`}
      confirm="Revoke token"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>Whatever uses it stops working at once, and it cannot be brought back. {lastUseOf(token)}.</p>
      <p className="font-mono text-[13px]">{token.masked}</p>
    </ConfirmDialog>
  );
}
