import type { EnrollmentToken, Region } from '@pipecat-cloud/contract/regions';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Facts } from '../../ui/facts';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { EnrolmentDialog } from './enrolment-dialog';
import { RegionForm } from './region-form';
import { regionKeys, regionQuery } from './region-queries';

type Doing = 'change' | 'delete';

/** A region of the organization's own: its machines, and what may be done with it. */
export function RegisteredRegion({ code }: { code: string }) {
  const org = useOrg();
  const query = useQuery(regionQuery(org.name, code));
  const [doing, setDoing] = useState<Doing>();
  const writes = org.can('org:write') && query.data !== undefined;
  return (
    <Card
      title={query.data?.display_name ?? code}
      about="Of this organization. Its machines run your agents and nobody else’s."
      actions={
        writes && (
          <div className="flex flex-wrap gap-2">
            <AddMachine code={code} />
            <Button onClick={() => setDoing('change')}>Change</Button>
            <Button look="quietDanger" aria-label={`Delete ${code}`} onClick={() => setDoing('delete')}>
              Delete
            </Button>
          </div>
        )
      }
    >
      <Loaded query={query} what={code}>
        {(region) => (
          <>
            <RegionFacts region={region} />
            <Workers region={region} />
            {doing === 'change' && <RegionForm region={region} onClose={() => setDoing(undefined)} />}
          </>
        )}
      </Loaded>
      {doing === 'delete' && <DeleteRegionDialog code={code} onClose={() => setDoing(undefined)} />}
    </Card>
  );
}

function AddMachine({ code }: { code: string }) {
  const org = useOrg();
  // The token lives here and nowhere else in the page.
  const [made, setMade] = useState<EnrollmentToken>();
  const make = useMutation({
    mutationFn: () => api.createEnrollmentToken(org.name, code),
    onSuccess: setMade,
  });
  return (
    <>
      <Button aria-label={`Add a machine to ${code}`} busy={make.isPending} onClick={() => make.mutate()}>
        Add a machine
      </Button>
      {make.error && <Alert>{make.error.message}</Alert>}
      {made && (
        <EnrolmentDialog
          token={made}
          onDone={() => {
            setMade(undefined);
            // The mutation keeps its answer for as long as it is shown.
            make.reset();
          }}
        />
      )}
    </>
  );
}

function RegionFacts({ region }: { region: Region }) {
  const connected = region.workers.filter((worker) => worker.connected).length;
  const state =
    region.enrollment_status === 'pending'
      ? ({ tone: 'busy', words: 'Waits for its first machine' } as const)
      : connected > 0
        ? ({ tone: 'good', words: 'Connected' } as const)
        : ({ tone: 'bad', words: 'No machine is connected' } as const);
  return (
    <>
      <Facts
        rows={[
          [
            'Key',
            <code key="k" className="font-mono text-[13px]">
              {region.region_key}
            </code>,
          ],
          [
            'State',
            <Badge key="s" tone={state.tone}>
              {state.words}
            </Badge>,
          ],
          [
            'Architectures',
            region.supported_architectures
              ? `${region.supported_architectures.join(', ')}, as declared`
              : 'what its machines say',
          ],
          ['Default', region.default_architecture ?? 'none: a deploy that names none runs on any'],
          ['Sockets', region.ws_public_endpoint ?? 'at the address of this installation'],
        ]}
      />
      {state.tone === 'bad' && (
        <p className="px-4 pb-4 text-sm sm:px-5">
          Its agents can start no session. See whether the worker runs on the machine and reaches this address.
        </p>
      )}
    </>
  );
}

function Workers({ region }: { region: Region }) {
  if (region.workers.length === 0) {
    return (
      <div className="border-t border-line">
        <Empty title="No machines yet">Add one: you get a token that its worker enrols with.</Empty>
      </div>
    );
  }
  return (
    <div className="border-t border-line">
      <Table
        label={`Machines of ${region.region_key}`}
        rows={region.workers}
        keyOf={({ id }) => id}
        columns={[
          { name: 'Machine', cell: ({ name }) => <span className="font-medium wrap-anywhere">{name}</span> },
          {
            name: 'State',
            cell: ({ connected }) =>
              connected ? <Badge tone="good">Connected</Badge> : <Badge tone="warn">Away</Badge>,
          },
          { name: 'Architecture', cell: ({ architecture }) => architecture ?? '—' },
          { name: 'Enrolled', cell: ({ enrolled_at }) => <Time at={enrolled_at} capital /> },
        ]}
      />
    </div>
  );
}

function DeleteRegionDialog({ code, onClose }: { code: string; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteRegion(org.name, code),
    onSuccess: async () => {
      onClose();
      toast(`${code} is deleted.`);
      await queryClient.invalidateQueries({ queryKey: regionKeys.all(org.name) });
    },
  });
  return (
    <ConfirmDialog
      title={`Delete ${code}?`}
      confirm="Delete region"
      typed={code}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        Its machines are turned away from then on, and enrol again only in another region. It is refused while agents,
        running sessions, open builds or secret sets are in the region.
      </p>
    </ConfirmDialog>
  );
}
