import type { RotatedToken, Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Choice } from '../../ui/field';
import type { TokenSource } from './token-source';
import { TokenValueDialog } from './token-value-dialog';

interface RotateTokenDialogProps {
  source: TokenSource;
  token: Token;
  organization: string | undefined;
  onClose: () => void;
}

const overlaps = [
  { value: '24', label: '24 hours' },
  { value: '168', label: '7 days' },
  { value: '0', label: 'None: it leaked' },
];
const lives = [
  { value: 'same', label: 'The same end' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
];

/** Another secret for the same token. */
export function RotateTokenDialog({ source, token, organization, onClose }: RotateTokenDialogProps) {
  // The value lives here and nowhere else in the page.
  const [made, setMade] = useState<RotatedToken>();
  if (made) return <TokenValueDialog made={made} organization={organization} onDone={onClose} />;
  return (
    <Dialog title={`Rotate “${token.name}”`} onClose={onClose}>
      <RotateForm source={source} token={token} onMade={setMade} onClose={onClose} />
    </Dialog>
  );
}

interface RotateFormProps {
  source: TokenSource;
  token: Token;
  onMade: (made: RotatedToken) => void;
  onClose: () => void;
}

function RotateForm({ source, token, onMade, onClose }: RotateFormProps) {
  const queryClient = useQueryClient();
  const [overlap, setOverlap] = useState('24');
  const [life, setLife] = useState(token.expiresAt === null ? 'same' : '90');
  const rotate = useMutation({
    mutationFn: () =>
      source.rotate(token.id, {
        overlapHours: Number(overlap),
        ...(life === 'same' ? {} : { expiresInDays: Number(life) }),
      }),
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: source.key });
    },
  });
  return (
    <>
      <div className="mt-2 space-y-5">
        <p className="text-sm text-muted">
          You get a new secret for the same token. The old one goes on until the new one is first used, so that nothing
          stops meanwhile.
        </p>
        <Choice
          legend="The old secret goes on for at most"
          name="overlap"
          value={overlap}
          options={overlaps}
          onChange={setOverlap}
        >
          {overlap === '0' && <p className="mt-2 text-sm text-warn">Whatever uses it stops working at once.</p>}
        </Choice>
        <Choice legend="The new one lives for" name="life" value={life} options={lives} onChange={setLife} />
        {rotate.isError && <Alert>{rotate.error.message}</Alert>}
      </div>
      <DialogButtons>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
          Rotate token
        </Button>
      </DialogButtons>
    </>
  );
}
