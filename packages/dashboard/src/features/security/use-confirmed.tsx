import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Wanted, wantedBy } from '../../lib/refusals';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { StepUpForm } from './step-up-form';

interface Change<Variables, Result> {
  mutationFn: (variables: Variables) => Promise<Result>;
  onSuccess: (result: Result) => void | Promise<void>;
}

/**
 * A change that the server may want confirmed first: it asks for one more factor and then sends the change again. `dialog` must be
 * shown; `error` is what confirming does not mend.
 */
export function useConfirmed<Variables, Result>({ mutationFn, onSuccess }: Change<Variables, Result>) {
  const [asked, setAsked] = useState<{ wanted: Wanted; variables: Variables }>();
  const { mutate, isPending, error } = useMutation<Result, Error, Variables>({
    mutationFn,
    onSuccess,
    onError: (refusal, variables) => {
      const wanted = wantedBy(refusal);
      if (wanted) setAsked({ wanted, variables });
    },
  });
  const dialog = asked && (
    <Dialog title="Confirm that it is you" onClose={() => setAsked(undefined)}>
      <p className="mt-2 mb-4 text-sm text-muted">
        {asked.wanted === 'second factor'
          ? 'Changing how you sign in needs both of your factors in this session.'
          : 'You signed in a while ago. Changing how you sign in needs a fresh proof.'}
      </p>
      <StepUpForm
        secondFactor={asked.wanted === 'second factor'}
        onDone={() => {
          setAsked(undefined);
          mutate(asked.variables);
        }}
      />
      <Button className="mt-2 w-full" onClick={() => setAsked(undefined)}>
        Leave it as it is
      </Button>
    </Dialog>
  );
  return { mutate, isPending, error: error && wantedBy(error) ? undefined : (error ?? undefined), dialog };
}
