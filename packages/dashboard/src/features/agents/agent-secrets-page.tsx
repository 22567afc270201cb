import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { SelectField } from '../../ui/field';
import { linkStyle } from '../../ui/link-style';
import { Empty, Loaded } from '../../ui/states';
import { Permitted } from '../organization/permitted';
import { type SecretSetEntry, secretSetQuery, secretSetsQuery } from '../secrets/secret-queries';
import { DeployDialog } from './deploy-dialog';
import { useAgent } from './use-agent';

type Kind = SecretSetEntry['type'];

const words: Readonly<Record<Kind, { title: string; about: string; none: string; attach: string }>> = {
  secret: {
    title: 'Secret set',
    about: 'Its keys are environment variables of every instance.',
    none: 'No secret set is attached',
    attach: 'Attach a secret set',
  },
  imagePullSecret: {
    title: 'Image pull secret',
    about: 'What a private registry asks for when the image is pulled.',
    none: 'No image pull secret is attached',
    attach: 'Attach an image pull secret',
  },
};

/** Which sets the deployment that was asked for last uses; attaching another makes a deployment. */
export function AgentSecretsPage() {
  return (
    <Permitted needs="secrets:read" to="see names of secrets">
      <Sets />
    </Permitted>
  );
}

function Sets() {
  const { org, agent } = useAgent();
  const sets = useQuery(secretSetsQuery(org.name));
  const spec = agent.deployment?.manifest.spec;
  const attached: Readonly<Record<Kind, string | undefined>> = {
    secret: spec?.envFromSecretNames[0],
    imagePullSecret: spec?.imagePullSecretName,
  };
  return (
    <Loaded query={sets} what="secret sets">
      {(all) => (
        <>
          {(['secret', 'imagePullSecret'] as const).map((kind) => (
            <Attached
              key={kind}
              kind={kind}
              name={attached[kind]}
              others={all.filter(
                ({ name, type, region }) => type === kind && region === agent.region && name !== attached[kind],
              )}
              kept={all.find(({ name }) => name === attached[kind])}
            />
          ))}
        </>
      )}
    </Loaded>
  );
}

interface AttachedProps {
  kind: Kind;
  name: string | undefined;
  others: readonly SecretSetEntry[];
  /** The attached one, as the list has it. */
  kept: SecretSetEntry | undefined;
}

function Attached({ kind, name, others, kept }: AttachedProps) {
  const { org } = useAgent();
  return (
    <Card title={words[kind].title} about={words[kind].about}>
      {name === undefined ? (
        <Empty title={words[kind].none} />
      ) : (
        <div className="space-y-2 px-4 py-4 text-sm sm:px-5">
          <p>
            <Link
              to="/orgs/$org/secrets/$set"
              params={{ org: org.name, set: name }}
              className={`font-semibold ${linkStyle}`}
            >
              {name}
            </Link>
            {kept?.errorMessage && <span className="block text-bad wrap-anywhere">{kept.errorMessage}</span>}
          </p>
          {kind === 'secret' && kept?.source === 'referenced' && (
            <p className="text-muted">Its keys lie on the machines of {kept.region}; they are not known here.</p>
          )}
          {kind === 'secret' && kept && kept.source !== 'referenced' && <KeyNames set={name} />}
        </div>
      )}
      <Attach kind={kind} others={others} />
    </Card>
  );
}

function KeyNames({ set }: { set: string }) {
  const { org } = useAgent();
  const detail = useQuery(secretSetQuery(org.name, set));
  return (
    <Loaded query={detail} what="keys">
      {({ secrets }) =>
        secrets.length === 0 ? (
          <p className="text-muted">It has no keys.</p>
        ) : (
          <ul aria-label={`Keys of ${set}`} className="flex flex-wrap gap-1.5">
            {secrets.map(({ fieldName }) => (
              <li key={fieldName} className="rounded-md bg-sunken px-2 py-0.5 font-mono text-[13px] wrap-anywhere">
                {fieldName}
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Attach({ kind, others }: Pick<AttachedProps, 'kind' | 'others'>) {
  const { org, agent } = useAgent();
  const [chosen, setChosen] = useState('');
  const [asking, setAsking] = useState(false);
  if (!org.can('agents:deploy')) return null;
  if (others.length === 0) {
    return (
      <div className="border-t border-line px-4 py-4 text-sm sm:px-5">
        <p className="mb-2 text-muted">No other in {agent.region} could be attached. Make one with:</p>
        <CodeBlock
          text={
            kind === 'secret'
              ? 'pipecat cloud secrets set my-secrets KEY'
              : 'pipecat cloud secrets image-pull-secret my-registry ghcr.io'
          }
          name="the command"
        />
      </div>
    );
  }
  return (
    <div className="flex flex-wrap items-end gap-3 border-t border-line px-4 py-4 sm:px-5">
      <div className="min-w-0 flex-1 basis-56">
        <SelectField label={words[kind].attach} value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value="">Choose one</option>
          {others.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <Button disabled={chosen === ''} onClick={() => setAsking(true)} className="min-h-10.5">
        Attach…
      </Button>
      {asking && (
        <DeployDialog
          title={`Attach ${chosen}?`}
          change={kind === 'secret' ? { secretSet: chosen } : { imagePullSecretSet: chosen }}
          onDone={() => setChosen('')}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
