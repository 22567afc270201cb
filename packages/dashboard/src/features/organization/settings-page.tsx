import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Field, SelectField } from '../../ui/field';
import { Page } from '../../ui/page';
import { Loaded } from '../../ui/states';
import { toast } from '../../ui/toast';
import { leastRoleFor, useOrg } from './org-context';
import { type OrganizationEntry, organizationKeys, organizationsQuery, propertiesQuery } from './organization-queries';

export function SettingsPage() {
  const org = useOrg();
  const editable = org.can('org:write');
  return (
    <Page title="Settings" about={`Of ${org.verboseName}, called ${org.name} in addresses and on the command line.`}>
      {!editable && (
        <Alert tone="warn">
          You see the settings; changing them takes the role {leastRoleFor('org:write')}. Admins and owners are under
          Members.
        </Alert>
      )}
      <NameCard editable={editable} />
      <RegionCard editable={editable} />
      <DefaultCard />
      <EndCard />
    </Page>
  );
}

function NameCard({ editable }: { editable: boolean }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const [verboseName, setVerboseName] = useState(org.verboseName);
  const rename = useMutation({
    mutationFn: () => api.updateOrganization(org.name, { verboseName: verboseName.trim() }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: organizationKeys.all });
      toast('The name is saved.');
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    rename.mutate();
  }
  return (
    <Card title="Name">
      <form onSubmit={send} className="max-w-md space-y-4 px-4 py-4 sm:px-5">
        <Field
          label="Name for people"
          name="verbose-name"
          autoComplete="off"
          required
          pattern=".*\S.*"
          title="At least one letter"
          maxLength={100}
          disabled={!editable}
          value={verboseName}
          onChange={(event) => setVerboseName(event.target.value)}
          error={rename.error?.message}
        />
        {editable && (
          <Button type="submit" busy={rename.isPending} disabled={verboseName.trim() === org.verboseName}>
            Save the name
          </Button>
        )}
      </form>
    </Card>
  );
}

function RegionCard({ editable }: { editable: boolean }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const region = useQuery(propertiesQuery(org.name));
  const change = useMutation({
    mutationFn: (defaultRegion: string) => api.patchProperties(org.name, { defaultRegion }),
    onSuccess: async (_, chosen) => {
      await queryClient.invalidateQueries({ queryKey: organizationKeys.properties(org.name) });
      toast(`New agents run in ${chosen} unless they say otherwise.`);
    },
  });
  return (
    <Card title="Default region" about="Where agents and secrets go that name none. It moves nothing that is there.">
      <Loaded query={region} what="regions">
        {({ currentValue, availableValues }) => (
          <div className="max-w-md px-4 py-4 sm:px-5">
            <SelectField
              label="Region"
              disabled={!editable || change.isPending}
              value={change.isPending ? change.variables : currentValue}
              onChange={(event) => change.mutate(event.target.value)}
              error={change.error?.message}
            >
              {[...new Set([currentValue, ...availableValues])].map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </SelectField>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

/** Which organization the command line and the dashboard begin with. */
function DefaultCard() {
  const org = useOrg();
  const queryClient = useQueryClient();
  const organizations = useQuery(organizationsQuery).data ?? [];
  const change = useMutation({
    mutationFn: () => api.setDefaultOrganization({ defaultOrganization: org.name }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: organizationKeys.all });
      toast(`${org.verboseName} comes first for you now.`);
    },
  });
  if (organizations.length < 2 || organizations[0]?.name === org.name) return null;
  return (
    <Card
      title="Your default"
      about="The organization that the dashboard opens, and that a command line takes where none is named."
    >
      <div className="space-y-3 px-4 py-4 sm:px-5">
        <Button busy={change.isPending} onClick={() => change.mutate()}>
          Make this my default
        </Button>
        {change.isError && <Alert>{change.error.message}</Alert>}
      </div>
    </Card>
  );
}

function EndCard() {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [doing, setDoing] = useState<'leave' | 'delete'>();
  async function onSuccess() {
    queryClient.setQueryData(organizationKeys.all, (all: OrganizationEntry[] = []) =>
      all.filter(({ name }) => name !== org.name),
    );
    await navigate({ to: '/', replace: true });
    queryClient.removeQueries({ queryKey: ['org', org.name] });
    await queryClient.invalidateQueries({ queryKey: organizationKeys.all });
  }
  const leave = useMutation({ mutationFn: () => api.leaveOrganization(org.name), onSuccess });
  const remove = useMutation({ mutationFn: () => api.deleteOrganization(org.name), onSuccess });
  return (
    <Card title="Leaving">
      <div className="flex flex-wrap gap-2 px-4 py-4 sm:px-5">
        <Button look="quietDanger" onClick={() => setDoing('leave')}>
          Leave the organization
        </Button>
        {org.role === 'owner' && (
          <Button look="quietDanger" onClick={() => setDoing('delete')}>
            Delete the organization
          </Button>
        )}
      </div>
      {doing === 'leave' && (
        <ConfirmDialog
          title={`Leave ${org.verboseName}?`}
          confirm="Leave"
          cancel="Stay"
          busy={leave.isPending}
          error={leave.error}
          onConfirm={() => leave.mutate()}
          onClose={() => setDoing(undefined)}
        >
          <p>
            Your tokens that reach only this organization end; the others reach it no more. An admin can invite you
            again.
          </p>
        </ConfirmDialog>
      )}
      {doing === 'delete' && (
        <ConfirmDialog
          title={`Delete ${org.verboseName}?`}
          confirm="Delete organization"
          typed={org.name}
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setDoing(undefined)}
        >
          <p>Memberships, service accounts, keys and tokens of it end. Agents have to be deleted first.</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
