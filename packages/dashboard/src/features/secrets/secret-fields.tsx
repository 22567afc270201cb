import { Field } from '../../ui/field';

interface KeyDraft {
  name: string;
  value: string;
}

/** A key and its value. The value is typed blind, and no browser offers to keep it. */
export function KeyFields({
  draft,
  named = false,
  onChange,
}: {
  draft: KeyDraft;
  /** The key is there already: only its value is asked for. */
  named?: boolean;
  onChange: (draft: KeyDraft) => void;
}) {
  return (
    <>
      {!named && (
        <Field
          label="Key"
          hint="The name of the environment variable. Letters, digits, _ and -."
          name="secret-key"
          autoComplete="off"
          spellCheck={false}
          required
          pattern="[A-Za-z0-9_\-]{1,64}"
          title="At most 64 letters, digits, _ and -"
          maxLength={64}
          value={draft.name}
          onChange={(event) => onChange({ ...draft, name: event.target.value })}
        />
      )}
      <Field
        label="Value"
        hint="It can be replaced, and is never shown again. For values of several lines use the command line."
        name="secret-value"
        type="password"
        autoComplete="off"
        autoFocus={named}
        data-1p-ignore
        required
        maxLength={65_536}
        value={draft.value}
        onChange={(event) => onChange({ ...draft, value: event.target.value })}
      />
    </>
  );
}

export interface PullDraft {
  host: string;
  user: string;
  password: string;
}

/** What a private registry asks for when an image is pulled. */
export function PullFields({ draft, onChange }: { draft: PullDraft; onChange: (draft: PullDraft) => void }) {
  return (
    <>
      <Field
        label="Registry"
        hint="Its address, for example ghcr.io"
        name="registry-host"
        autoComplete="off"
        spellCheck={false}
        required
        pattern="\S+"
        title="An address without spaces"
        maxLength={255}
        value={draft.host}
        onChange={(event) => onChange({ ...draft, host: event.target.value })}
      />
      <Field
        label="User"
        name="registry-user"
        autoComplete="off"
        spellCheck={false}
        required
        pattern="[^:\s]+"
        title="A name without spaces and colons"
        maxLength={255}
        value={draft.user}
        onChange={(event) => onChange({ ...draft, user: event.target.value })}
      />
      <Field
        label="Password or token"
        hint="It can be replaced, and is never shown again."
        name="registry-password"
        type="password"
        autoComplete="off"
        data-1p-ignore
        required
        maxLength={10_000}
        value={draft.password}
        onChange={(event) => onChange({ ...draft, password: event.target.value })}
      />
    </>
  );
}

/** As the API takes them: base64 of user:password, whose characters may be any. */
export const credentialsOf = ({ user, password }: PullDraft) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
