import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { useEffect, useRef } from 'react';
import { dateTime } from '../../lib/format';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { SelectField } from '../../ui/field';
import { Empty } from '../../ui/states';
import { Table } from '../../ui/table';
import { deploymentState, differences, settingWords, shortId } from './deployment-words';

interface CompareCardProps {
  deployments: readonly DeploymentRecord[];
  /** Somebody has just asked for it, and is to see it. */
  wanted: boolean;
  /** Ids, as the address has them. */
  from: string;
  to: string;
  onChange: (from: string, to: string) => void;
  onClose: () => void;
}

/** What differs between two deployments, setting by setting. */
export function CompareCard({ wanted, deployments, from, to, onChange, onClose }: CompareCardProps) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wanted) frame.current?.scrollIntoView({ block: 'nearest' });
  }, [wanted]);
  const changes = differences(deployments, from, to);
  const place = (id: string) => deployments.findIndex((deployment) => deployment.id === id);
  const known = place(from) >= 0 && place(to) >= 0;
  const [older, newer] = place(from) > place(to) ? [from, to] : [to, from];
  const choice = (label: string, value: string, onChoose: (id: string) => void) => (
    <SelectField label={label} value={value} onChange={(event) => onChoose(event.target.value)}>
      {deployments.map(({ id, state, createdAt }) => (
        <option key={id} value={id}>
          {shortId(id)}, {deploymentState(state).words.toLowerCase()}, {dateTime(createdAt)}
        </option>
      ))}
      {place(value) < 0 && <option value={value}>{shortId(value)}</option>}
    </SelectField>
  );
  return (
    <div ref={frame}>
      <Card title="Compare" actions={<Button onClick={onClose}>Close</Button>}>
        <div className="grid gap-4 px-4 py-4 sm:grid-cols-2 sm:px-5">
          {choice('One deployment', from, (id) => onChange(id, to))}
          {choice('And another', to, (id) => onChange(from, id))}
        </div>
        {!known ? (
          <Empty title="One of them is not in this history">Choose two that are.</Empty>
        ) : changes.length === 0 ? (
          <Empty title="They do not differ">They were made from the same, with the same settings.</Empty>
        ) : (
          <Table
            label="Differences"
            rows={changes}
            keyOf={({ setting }) => setting}
            columns={[
              { name: 'Setting', cell: ({ setting }) => <span className="font-medium">{settingWords(setting)}</span> },
              {
                name: `${shortId(older)}, the older`,
                cell: ({ from: value }) => <span className="wrap-anywhere">{value ?? 'none'}</span>,
              },
              {
                name: `${shortId(newer)}, the newer`,
                cell: ({ to: value }) => <span className="wrap-anywhere">{value ?? 'none'}</span>,
              },
            ]}
          />
        )}
      </Card>
    </div>
  );
}
