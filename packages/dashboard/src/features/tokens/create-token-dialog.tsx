import type { CreatedToken, Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Alert } from '../../ui/alert';
import { Dialog } from '../../ui/dialog';
import { createBodyOf, deriveBodyOf, draftOf, emptyDraft, type TokenDraft } from './token-draft';
import { TokenForm } from './token-form';
import type { TokenSource } from './token-source';
import { TokenValueDialog } from './token-value-dialog';

const days = (...numbers: number[]) => numbers.map((n) => ({ value: `d${n}`, label: `${n} days` }));
const ends = [
  { value: 'date', label: 'On a day' },
  { value: 'never', label: 'Never' },
];
const personal = [...days(7, 30, 60, 90), ...ends];
const ofServiceAccount = [...days(30, 90, 180, 365), ...ends];
const derived = [
  { value: 'm15', label: '15 minutes' },
  { value: 'm60', label: '1 hour' },
  { value: 'd1', label: '1 day' },
  { value: 'd7', label: '7 days' },
  { value: 'parent', label: 'With its parent' },
];

interface CreateTokenDialogProps {
  source: TokenSource;
  /** Filled in by a link, or like another token. */
  initial?: Partial<TokenDraft>;
  /** It was a link, which somebody else may have written. */
  byLink?: boolean;
  /** Name of the token whose used permissions were filled in. */
  inPlaceOf?: string;
  organization: string | undefined;
  onClose: () => void;
}

export function CreateTokenDialog(props: CreateTokenDialogProps) {
  const { source, initial, byLink = false, inPlaceOf, organization, onClose } = props;
  const own = source.bearer.kind === 'you';
  return (
    <MakingDialog
      title={own ? 'New personal access token' : 'New token of the service account'}
      make={(draft) => source.create(createBodyOf(draft))}
      source={source}
      organization={organization}
      onClose={onClose}
      form={{
        initial: { ...emptyDraft, lifetime: own ? 'd90' : 'd180', ...initial },
        bearer: source.bearer,
        lifetimes: own ? personal : ofServiceAccount,
        submit: 'Create token',
        linkable: own,
      }}
    >
      {byLink && (
        <div className="mt-3">
          <Alert tone="warn">A link filled this in. Create it only if you know who asked for it and why.</Alert>
        </div>
      )}
      {inPlaceOf !== undefined && (
        <p className="mt-2 text-sm text-muted wrap-anywhere">
          What a token may do is never changed. This makes a new one with what “{inPlaceOf}” has really used: put it
          where that one is, then revoke that one.
        </p>
      )}
    </MakingDialog>
  );
}

interface DeriveTokenDialogProps {
  source: TokenSource;
  parent: Token;
  organization: string | undefined;
  onClose: () => void;
}

/** A narrower, shorter child, for one job. */
export function DeriveTokenDialog({ source, parent, organization, onClose }: DeriveTokenDialogProps) {
  return (
    <MakingDialog
      title={`Derive from “${parent.name}”`}
      make={async (draft) => {
        if (!source.derive) throw new Error('Such a token is derived by itself alone, on the command line');
        return await source.derive(parent.id, deriveBodyOf(draft));
      }}
      source={source}
      organization={organization}
      onClose={onClose}
      form={{
        initial: {
          ...emptyDraft,
          ...draftOf(parent.grant),
          name: `${parent.name} (derived)`.slice(0, 100),
          lifetime: 'm60',
        },
        bearer: { kind: 'parent', name: parent.name },
        lifetimes: derived,
        submit: 'Derive token',
      }}
    >
      <p className="mt-2 text-sm text-muted">
        For one job: it may do no more than its parent, lives no longer, and ends with it at once.
      </p>
    </MakingDialog>
  );
}

interface MakingDialogProps {
  title: string;
  make: (draft: TokenDraft) => Promise<CreatedToken>;
  source: TokenSource;
  organization: string | undefined;
  form: Pick<Parameters<typeof TokenForm>[0], 'initial' | 'bearer' | 'lifetimes' | 'submit' | 'linkable'>;
  children: React.ReactNode;
  onClose: () => void;
}

function MakingDialog({ title, make, source, organization, form, children, onClose }: MakingDialogProps) {
  // The value lives here and nowhere else in the page: closing the dialog forgets it.
  const [made, setMade] = useState<CreatedToken>();
  if (made) return <TokenValueDialog made={made} organization={organization} onDone={onClose} />;
  return (
    <Dialog title={title} onClose={onClose} wide>
      {children}
      <Making make={make} source={source} form={form} onMade={setMade} onClose={onClose} />
    </Dialog>
  );
}

interface MakingProps extends Pick<MakingDialogProps, 'make' | 'source' | 'form' | 'onClose'> {
  onMade: (made: CreatedToken) => void;
}

/** Apart, so that the answer, which holds the value, goes with the form. */
function Making({ make, source, form, onMade, onClose }: MakingProps) {
  const queryClient = useQueryClient();
  const create = useMutation({
    mutationFn: make,
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: source.key });
    },
  });
  return (
    <TokenForm {...form} busy={create.isPending} error={create.error} onSubmit={create.mutate} onCancel={onClose} />
  );
}
