import type { ApiKeyList } from '@pipecat-cloud/contract/api-keys';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { CopyButton } from '../../ui/copy-button';
import { MenuItem, MenuLine, RowMenu } from '../../ui/menu';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { ApiKeyDialogs, type KeyDoing, type KeyType } from './api-key-dialogs';
import { apiKeysQuery } from './api-key-queries';

/** Keys of the organization: public ones start sessions, private ones drive the private REST API. */
export function ApiKeysPage() {
  const [doing, setDoing] = useState<KeyDoing>();
  return (
    <Page title="API keys" about="They belong to the organization, and stay when people leave.">
      <Permitted needs="keys:read" to="see API keys">
        <Keys onDo={setDoing} />
      </Permitted>
      <ApiKeyDialogs doing={doing} onClose={() => setDoing(undefined)} />
    </Page>
  );
}

function Keys({ onDo }: { onDo: (doing: KeyDoing) => void }) {
  const org = useOrg();
  const keys = useQuery(apiKeysQuery(org.name));
  return (
    <Loaded query={keys} what="API keys">
      {(lists) => (
        <>
          <KeyCard type="public" keys={lists.public} onDo={onDo} />
          <KeyCard type="private" keys={lists.private} onDo={onDo} />
        </>
      )}
    </Loaded>
  );
}

const words = {
  public: {
    title: 'Public keys',
    about: 'Start sessions of agents; made to be seen in web pages and apps.',
    empty: 'A page that starts sessions needs one.',
  },
  private: {
    title: 'Private keys',
    about: 'Drive the private REST API from your servers. Each is shown once, and admins make them.',
    empty: 'A server of yours that deploys or lists agents over REST needs one.',
  },
} as const;

/** A public key carries its value, a private one what is left of it. */
type Key = ApiKeyList['public'][number] | ApiKeyList['private'][number];
interface KeyCardProps {
  type: KeyType;
  keys: readonly Key[];
  onDo: (doing: KeyDoing) => void;
}

function KeyCard({ type, keys, onDo }: KeyCardProps) {
  const org = useOrg();
  const { title, about, empty } = words[type];
  const manages = type === 'public' ? org.can('keys:write') : org.role === 'admin' || org.role === 'owner';
  return (
    <Card
      title={title}
      about={about}
      actions={manages && <Button onClick={() => onDo({ what: 'create', type })}>New {type} key</Button>}
    >
      {keys.length === 0 ? (
        <Empty title={`No ${type} keys yet`}>
          <p className="mb-3">{empty}</p>
          <CodeBlock text={`pipecat cloud organizations keys create --type ${type} --name web`} name="the command" />
        </Empty>
      ) : (
        <Table
          label={title}
          rows={keys}
          keyOf={({ id }) => id}
          columns={[
            {
              name: 'Key',
              cell: (key) => (
                <>
                  <span className="flex flex-wrap items-center gap-2">
                    <span className={`font-semibold wrap-anywhere ${key.revoked ? 'text-muted' : ''}`}>
                      {key.metadata.name}
                    </span>
                    {key.revoked && <Badge tone="quiet">Revoked</Badge>}
                  </span>
                  <span className="mt-0.5 block font-mono text-[13px] text-muted wrap-anywhere">
                    {'key' in key ? key.key : key.masked}
                  </span>
                </>
              ),
            },
            { name: 'Made', narrow: true, cell: ({ createdAt }) => <Time at={createdAt} capital /> },
            {
              name: 'Last used',
              narrow: true,
              cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} capital /> : 'Never used'),
            },
            {
              name: 'Actions',
              quiet: true,
              cell: (key) => (
                <div className="flex gap-2 justify-end stacked:justify-start">
                  {'key' in key && !key.revoked && <CopyButton text={key.key} label={`Copy ${key.metadata.name}`} />}
                  {manages && !key.revoked && (
                    <RowMenu label={`Actions for ${key.metadata.name}`}>
                      <MenuItem onSelect={() => onDo({ what: 'rotate', type, id: key.id, name: key.metadata.name })}>
                        Rotate…
                      </MenuItem>
                      <MenuLine />
                      <MenuItem
                        danger
                        onSelect={() => onDo({ what: 'revoke', type, id: key.id, name: key.metadata.name })}
                      >
                        Revoke…
                      </MenuItem>
                    </RowMenu>
                  )}
                </div>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}
