import { organizationNamePattern } from '@pipecat-cloud/contract/names';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { Field } from '../../ui/field';
import { Page } from '../../ui/page';
import { organizationKeys } from './organization-queries';

/** "The Talkers!" → "the-talkers". */
export const slugOf = (text: string) =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');

export function NewOrganizationPage() {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [verboseName, setVerboseName] = useState('');
  /** As typed; until then it follows the other. */
  const [slug, setSlug] = useState<string>();
  const name = slug ?? slugOf(verboseName);
  const create = useMutation({
    mutationFn: () => api.createOrganization({ name, verboseName: verboseName.trim() }),
    onSuccess: async ({ organization }) => {
      await queryClient.invalidateQueries({ queryKey: organizationKeys.all });
      await navigate({ to: '/orgs/$org', params: { org: organization.name } });
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    create.mutate();
  }
  return (
    <Page
      title="New organization"
      about="Agents, members and credentials of one are kept from all others. You become its owner."
    >
      <Panel>
        <form onSubmit={send} className="max-w-md space-y-5 px-4 py-5 sm:px-5">
          <Field
            label="Name"
            name="verbose-name"
            autoComplete="organization"
            required
            pattern=".*\S.*"
            title="At least one letter"
            maxLength={100}
            value={verboseName}
            onChange={(event) => setVerboseName(event.target.value)}
          />
          <Field
            label="Short name"
            hint="In addresses and on the command line. Lower-case letters, digits and dashes; it stays as it is."
            name="name"
            autoComplete="off"
            spellCheck={false}
            required
            minLength={2}
            maxLength={63}
            pattern={organizationNamePattern.replace(/^\^|\$$/g, '').replaceAll('[-a', '[\\-a')}
            title="Lower-case letters, digits and dashes"
            value={name}
            onChange={(event) => setSlug(event.target.value)}
          />
          {create.isError && <Alert>{create.error.message}</Alert>}
          <Button type="submit" look="primary" busy={create.isPending}>
            Create organization
          </Button>
        </form>
      </Panel>
    </Page>
  );
}
