import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Facts } from '../../ui/facts';
import { linkStyle } from '../../ui/link-style';
import { MenuItem, MenuLine, RowMenu } from '../../ui/menu';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { SecretDialogs, type SecretDoing } from './secret-dialogs';
import { type SecretSetEntry, secretSetQuery, secretSetsQuery } from './secret-queries';
import { readiness, typeWords } from './secret-words';
import { UsedBy } from './used-by';

const route = getRouteApi('/signed-in/orgs/$org/secrets/$set');

/** One set: its keys by name, who uses it; keys are set and deleted here. */
export function SecretSetPage() {
  const org = useOrg();
  const { set: name } = route.useParams();
  const sets = useQuery({ ...secretSetsQuery(org.name), enabled: org.can('secrets:read') });
  const [doing, setDoing] = useState<SecretDoing>();
  const set = sets.data?.find((entry) => entry.name === name);
  const writes = org.can('secrets:write') && set !== undefined;
  return (
    <Page
      title={name}
      up={
        <Link to="/orgs/$org/secrets" params={{ org: org.name }} className={linkStyle}>
          Secret sets
        </Link>
      }
      about={set && typeWords[set.type]}
      actions={
        writes && (
          <>
            {set.source !== 'referenced' && (
              <Button
                look="primary"
                onClick={() => setDoing(set.type === 'secret' ? { what: 'add' } : { what: 'credentials' })}
              >
                {set.type === 'secret' ? 'Add a key' : 'Replace the credentials'}
              </Button>
            )}
            <Button look="quietDanger" onClick={() => setDoing({ what: 'delete-set' })}>
              Delete
            </Button>
          </>
        )
      }
    >
      <Permitted needs="secrets:read" to="see names of secrets">
        <Loaded query={sets} what="the secret set">
          {() =>
            set ? (
              <>
                <SetFacts set={set} />
                <Keys set={set} onDo={setDoing} />
              </>
            ) : (
              <Empty title={`There is no secret set ${name} here`}>It was deleted, or the address is mistyped.</Empty>
            )
          }
        </Loaded>
      </Permitted>
      {set && <SecretDialogs set={set} doing={doing} onClose={() => setDoing(undefined)} />}
    </Page>
  );
}

function SetFacts({ set }: { set: SecretSetEntry }) {
  const { tone, words } = readiness(set);
  return (
    <Card title="Use">
      <Facts
        rows={[
          [
            'State',
            <span key="s">
              <Badge tone={tone}>{words}</Badge>
              {set.errorMessage && <span className="mt-1 block">{set.errorMessage}</span>}
            </span>,
          ],
          ['Region', `${set.region}. Agents and builds of other regions can’t use it.`],
          ['Used by', <UsedBy key="u" agents={set.usedBy} />],
        ]}
      />
      <div className="border-t border-line px-4 py-4 text-sm sm:px-5">
        <p className="mb-2 text-muted">Deploy with it:</p>
        <CodeBlock
          text={
            set.type === 'secret'
              ? `pipecat cloud deploy --secrets ${set.name}`
              : `pipecat cloud deploy NAME IMAGE:TAG --credentials ${set.name}`
          }
          name="the command"
        />
      </div>
    </Card>
  );
}

function Keys({ set, onDo }: { set: SecretSetEntry; onDo: (doing: SecretDoing) => void }) {
  if (set.type === 'imagePullSecret') {
    return (
      <Card title="Credentials">
        <p className="px-4 py-4 text-sm text-muted sm:px-5">
          Workers use them when they pull an image; which registry and user they are for is shown to nobody.
        </p>
      </Card>
    );
  }
  if (set.source === 'referenced') {
    return (
      <Card title="Keys">
        <p className="px-4 py-4 text-sm text-muted sm:px-5">
          Keys and values lie on the machines of {set.region}, in a file of this name, and are changed there. Nothing of
          them is known here.
        </p>
      </Card>
    );
  }
  return <KeyTable name={set.name} onDo={onDo} />;
}

function KeyTable({ name, onDo }: { name: string; onDo: (doing: SecretDoing) => void }) {
  const org = useOrg();
  const detail = useQuery(secretSetQuery(org.name, name));
  return (
    <Card title="Keys" about="A changed value reaches the instances that start after it, without a new deployment.">
      <Loaded query={detail} what="keys">
        {({ secrets }) =>
          secrets.length === 0 ? (
            <Empty title="No keys">Agents that use it get no variable of it.</Empty>
          ) : (
            <Table
              label="Keys"
              rows={secrets}
              keyOf={({ fieldName }) => fieldName}
              columns={[
                {
                  name: 'Key',
                  cell: ({ fieldName }) => <code className="font-mono text-[13px] wrap-anywhere">{fieldName}</code>,
                },
                {
                  name: 'Actions',
                  quiet: true,
                  cell: ({ fieldName }) =>
                    org.can('secrets:write') && (
                      <RowMenu label={`Actions for ${fieldName}`}>
                        <MenuItem onSelect={() => onDo({ what: 'replace', key: fieldName })}>
                          Replace the value…
                        </MenuItem>
                        <MenuLine />
                        <MenuItem danger onSelect={() => onDo({ what: 'delete-key', key: fieldName })}>
                          Delete…
                        </MenuItem>
                      </RowMenu>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
