import { Check, Field, SelectField } from '../../ui/field';
import type { PolicyDraft } from './policy-draft';

interface PolicyFieldsProps {
  draft: PolicyDraft;
  onChange: (draft: PolicyDraft) => void;
}

export function PolicyFields({ draft, onChange }: PolicyFieldsProps) {
  const set = (change: Partial<PolicyDraft>) => onChange({ ...draft, ...change });
  const days = { type: 'number', min: 1, max: 3650, inputMode: 'numeric' } as const;
  return (
    <div className="grid gap-x-6 gap-y-5 sm:grid-cols-2">
      <Field
        label="Longest life of a token, in days"
        hint="Empty: as long as its owner likes."
        {...days}
        value={draft.maxTokenDays}
        onChange={(event) => set({ maxTokenDays: event.target.value })}
      />
      <Field
        label="Revoke tokens unused for, in days"
        hint="Empty: never."
        {...days}
        value={draft.revokeUnusedAfterDays}
        onChange={(event) => set({ revokeUnusedAfterDays: event.target.value })}
      />
      <div className="sm:col-span-2">
        <Field
          label="Networks that tokens may be used from"
          hint="Addresses or CIDR blocks, with commas between. Empty: anywhere."
          autoComplete="off"
          spellCheck={false}
          value={draft.allowedNetworks}
          onChange={(event) => set({ allowedNetworks: event.target.value })}
        />
      </div>
      <SelectField
        label="Personal tokens reach this organization"
        value={draft.personalTokens}
        onChange={(event) => set({ personalTokens: event.target.value as PolicyDraft['personalTokens'] })}
      >
        <option value="everyone">of every member</option>
        <option value="admins">of admins and owners alone</option>
        <option value="nobody">of nobody: service accounts alone</option>
      </SelectField>
      <div className="space-y-3 sm:pt-7">
        <Check
          label="Every token must have an end"
          checked={draft.expiryRequired}
          onChange={(expiryRequired) => set({ expiryRequired })}
        />
        <Check
          label="An admin approves each personal token first"
          checked={draft.approvalRequired}
          onChange={(approvalRequired) => set({ approvalRequired })}
        />
        <Check
          label="People show a second factor"
          about="In the dashboard; who has none makes a passkey first."
          checked={draft.secondFactorRequired}
          onChange={(secondFactorRequired) => set({ secondFactorRequired })}
        />
      </div>
      <ReactionField
        label="When a rotated secret is sent again"
        value={draft.onReuse}
        onChange={(onReuse) => set({ onReuse })}
      />
      <ReactionField
        label="When a live credential is found in a build, a log or a secret set"
        value={draft.onLeak}
        onChange={(onLeak) => set({ onLeak })}
      />
    </div>
  );
}

interface ReactionFieldProps {
  label: string;
  value: 'alert' | 'revoke';
  onChange: (value: 'alert' | 'revoke') => void;
}

function ReactionField({ label, value, onChange }: ReactionFieldProps) {
  return (
    <SelectField label={label} value={value} onChange={(event) => onChange(event.target.value as 'alert' | 'revoke')}>
      <option value="alert">tell its owner and the admins</option>
      <option value="revoke">tell them, and revoke it</option>
    </SelectField>
  );
}
