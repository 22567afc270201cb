import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { SelectField } from '../../ui/field';
import { Empty, Loaded } from '../../ui/states';
import { agentsQuery } from '../overview/overview-queries';

interface OfAgentProps {
  org: string;
  /** As the address names it; the first where it names none. */
  agent: string | undefined;
  children: (agent: string, names: readonly string[]) => ReactNode;
}

/** What is shown of one agent at a time; the way to a first one where there is none. */
export function OfAgent({ org, agent, children }: OfAgentProps) {
  // Which agents there are changes rarely, and asking says nothing that the page shows.
  const agents = useQuery({ ...agentsQuery(org), refetchInterval: false });
  return (
    <Loaded query={agents} what="agents">
      {(all) => {
        const names = all.map(({ name }) => name);
        const shown = agent ?? names[0];
        if (shown !== undefined) return children(shown, names);
        return (
          <Panel>
            <Empty title="No agents yet">
              <p className="mb-3">Deploy one from its directory:</p>
              <CodeBlock text="pipecat cloud deploy" name="the command" />
            </Empty>
          </Panel>
        );
      }}
    </Loaded>
  );
}

interface AgentSelectProps {
  agent: string;
  names: readonly string[];
  onChange: (agent: string) => void;
}

/** One of the organization's agents. The address may name another, which has been deleted: it is shown as well. */
export function AgentSelect({ agent, names, onChange }: AgentSelectProps) {
  return (
    <SelectField label="Agent" value={agent} onChange={(event) => onChange(event.target.value)}>
      {(names.includes(agent) ? names : [agent, ...names]).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </SelectField>
  );
}
