import { agentScopedPermissions, type Permission } from '@pipecat-cloud/contract/permissions';
import { Check } from '../../ui/field';
import { permissionGroups, permissionWords } from './permission-words';

interface PermissionPickerProps {
  chosen: readonly Permission[];
  /** What the owner's role holds now; the others can be chosen, and count once it does. */
  held: (permission: Permission) => boolean;
  /** The token names agents, so what reaches beyond them can't be had. */
  agentsAlone: boolean;
  onChange: (chosen: readonly Permission[]) => void;
}

export function PermissionPicker({ chosen, held, agentsAlone, onChange }: PermissionPickerProps) {
  function toggle(permission: Permission, on: boolean) {
    onChange(on ? [...chosen, permission] : chosen.filter((name) => name !== permission));
  }
  return (
    <div className="rounded-lg border border-line p-3">
      {agentsAlone && (
        <p className="mb-3 text-sm text-muted">
          What reaches beyond single agents can’t be had while agents are named.
        </p>
      )}
      <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
        {permissionGroups.map(({ title, permissions }) => (
          <fieldset key={title} className="min-w-0">
            <legend className="mb-1.5 text-sm font-medium">{title}</legend>
            <div className="space-y-1.5">
              {permissions.map((name) => {
                const beyond = agentsAlone && !agentScopedPermissions.has(name);
                const words = permissionWords[name];
                return (
                  <Check
                    key={name}
                    label={
                      <>
                        {words.charAt(0).toUpperCase() + words.slice(1)}{' '}
                        <code className="font-mono text-xs text-muted">{name}</code>
                      </>
                    }
                    about={beyond || held(name) ? undefined : 'The role does not allow it now'}
                    checked={chosen.includes(name) && !beyond}
                    disabled={beyond}
                    onChange={(on) => toggle(name, on)}
                  />
                );
              })}
            </div>
          </fieldset>
        ))}
      </div>
    </div>
  );
}
