import type { RegionList } from '@pipecat-cloud/contract/regions';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from '../../ui/button';
import { Card, Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { RegionForm } from './region-form';
import { regionsQuery } from './region-queries';
import { RegisteredRegion } from './registered-region';

type Entry = RegionList['regions'][number];

/** Where agents run: the machines of the installation, and those that the organization brought. */
export function RegionsPage() {
  const org = useOrg();
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Regions"
      about="Where agents run: on the machines of this installation, or on your own."
      actions={
        org.can('org:write') && (
          <Button look="primary" onClick={() => setMaking(true)}>
            Register a region
          </Button>
        )
      }
    >
      <Permitted needs="org:read" to="see regions">
        <Regions />
      </Permitted>
      {making && <RegionForm onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Regions() {
  const org = useOrg();
  const regions = useQuery(regionsQuery(org.name));
  return (
    <Loaded query={regions} what="regions">
      {(all) => {
        const own = all.filter(({ registered }) => registered);
        return (
          <>
            {all
              .filter(({ registered }) => !registered)
              .map((region) => (
                <InstallationRegion key={region.code} region={region} />
              ))}
            {own.map(({ code }) => (
              <RegisteredRegion key={code} code={code} />
            ))}
            {own.length === 0 && (
              <Panel>
                <Empty title="No regions of your own">
                  <p className="mb-3">
                    Register one to run agents on machines of yours, with secrets that never leave them. The same with:
                  </p>
                  <CodeBlock text="pipecat cloud regions register pce-lab" name="the command" />
                </Empty>
              </Panel>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function InstallationRegion({ region: { code, display_name, supported_architectures } }: { region: Entry }) {
  return (
    <Card title={display_name} about="Of the installation. Whoever runs it starts its workers.">
      <Facts
        rows={[
          [
            'Key',
            <code key="k" className="font-mono text-[13px]">
              {code}
            </code>,
          ],
          ['Machines', architectures(supported_architectures)],
        ]}
      />
    </Card>
  );
}

/** What runs there, or that nothing is known of it before a worker has come. */
export const architectures = (known: readonly string[] | null | undefined) =>
  known && known.length > 0 ? known.join(', ') : 'not known until a worker has connected';
