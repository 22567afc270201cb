import type { CreatedToken } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { date } from '../../lib/format';
import { Button } from '../../ui/button';
import { CodeBlock } from '../../ui/code-block';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { tokenKeys } from './token-queries';
import { shellSnippet } from './token-words';

const lifetimes: readonly (number | null)[] = [7, 30, 60, 90, null];

export function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  // The value lives here and nowhere else in the page: closing the dialog forgets it.
  const [created, setCreated] = useState<CreatedToken>();
  return created ? (
    <Dialog key="made" title="Copy your token now" onClose={onClose} keepOpen>
      <TokenValue created={created} onDone={onClose} />
    </Dialog>
  ) : (
    <Dialog key="new" title="New personal access token" onClose={onClose}>
      <TokenForm onCreated={setCreated} onCancel={onClose} />
    </Dialog>
  );
}

function TokenForm({ onCreated, onCancel }: { onCreated: (created: CreatedToken) => void; onCancel: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | null>(90);
  const create = useMutation({
    mutationFn: () => api.createToken({ name: name.trim(), expiresInDays: days }),
    // The answer holds the value: it is not kept in the cache of answers.
    gcTime: 0,
    onSuccess: async (created) => {
      onCreated(created);
      await queryClient.invalidateQueries({ queryKey: tokenKeys.all });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    create.mutate();
  }

  return (
    <form onSubmit={submit} className="mt-4 space-y-5">
      <Field
        label="Name"
        hint="Where it is used, so that you know it again."
        name="token-name"
        autoComplete="off"
        autoFocus
        required
        pattern=".*\S.*"
        title="At least one letter"
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={create.error?.message}
      />
      <fieldset>
        <legend className="mb-1.5 text-sm font-medium">Expires</legend>
        <div className="flex flex-wrap gap-2">
          {lifetimes.map((value) => (
            <label
              key={value}
              className="rounded-lg border border-line px-3 py-1.5 text-sm has-checked:border-accent has-checked:bg-accent has-checked:text-on-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
            >
              <input
                type="radio"
                name="lifetime"
                className="sr-only"
                checked={days === value}
                onChange={() => setDays(value)}
              />
              {value === null ? 'Never' : `${value} days`}
            </label>
          ))}
        </div>
        {days === null && (
          <p className="mt-2 text-sm text-warn">If such a token leaks, it works until somebody notices.</p>
        )}
      </fieldset>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" busy={create.isPending}>
          Create token
        </Button>
      </div>
    </form>
  );
}

function TokenValue({ created, onDone }: { created: CreatedToken; onDone: () => void }) {
  const { token, value } = created;
  return (
    <div className="mt-2 space-y-4">
      <p className="text-sm text-muted">
        This is the only time that <strong className="font-medium text-ink wrap-anywhere">{token.name}</strong> is shown
        in full. {token.expiresAt ? `It expires on ${date(token.expiresAt)}.` : 'It does not expire.'}
      </p>
      <CodeBlock text={value} name="the token" />
      <div>
        <p className="mb-1.5 text-sm font-medium">Try it in a terminal</p>
        <CodeBlock text={shellSnippet(value, window.location.origin)} name="the commands" />
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onDone}>
          I have copied it
        </Button>
      </div>
    </div>
  );
}
