import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { nameLink } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { CreateSetDialog, type SetKind } from './create-set-dialog';
import { secretSetsQuery } from './secret-queries';
import { readiness, typeWords } from './secret-words';
import { UsedBy } from './used-by';

/** Secret sets by name, with who uses them. Values are in none of these pages. */
export function SecretSetsPage() {
  const org = useOrg();
  const [making, setMaking] = useState<SetKind>();
  return (
    <Page
      title="Secret sets"
      about="Their keys become environment variables of agents, and their values are shown to nobody."
      actions={
        org.can('secrets:write') && (
          <>
            <Button onClick={() => setMaking('imagePullSecret')}>New image pull secret</Button>
            <Button look="primary" onClick={() => setMaking('secret')}>
              New secret set
            </Button>
          </>
        )
      }
    >
      <Permitted needs="secrets:read" to="see names of secrets">
        <Sets />
      </Permitted>
      {making && <CreateSetDialog kind={making} onClose={() => setMaking(undefined)} />}
    </Page>
  );
}

function Sets() {
  const org = useOrg();
  const sets = useQuery(secretSetsQuery(org.name));
  return (
    <Panel>
      <Loaded query={sets} what="secret sets">
        {(all) =>
          all.length === 0 ? (
            <Empty title="No secret sets yet">
              <p className="mb-3">Make one here, or put a file of KEY=value lines in with:</p>
              <CodeBlock text="pipecat cloud secrets set my-secrets --file .env" name="the command" />
            </Empty>
          ) : (
            <Table
              label="Secret sets"
              rows={all}
              keyOf={({ name }) => name}
              columns={[
                {
                  name: 'Name',
                  cell: ({ name, type }) => (
                    <>
                      <Link
                        to="/orgs/$org/secrets/$set"
                        params={{ org: org.name, set: name }}
                        className={`font-semibold ${nameLink}`}
                      >
                        {name}
                      </Link>
                      <span className="block text-muted">{typeWords[type]}</span>
                    </>
                  ),
                },
                {
                  name: 'State',
                  cell: (set) => {
                    const { tone, words } = readiness(set);
                    return (
                      <>
                        <Badge tone={tone}>{words}</Badge>
                        {set.errorMessage && <span className="mt-1 block wrap-anywhere">{set.errorMessage}</span>}
                      </>
                    );
                  },
                },
                { name: 'Region', cell: ({ region }) => region },
                { name: 'Used by', cell: ({ usedBy }) => <UsedBy agents={usedBy} /> },
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
