import { Link } from '@tanstack/react-router';
import { linkStyle } from '../../ui/link-style';
import { useOrg } from '../organization/org-context';

/** Agents that use a set, as links. The server leaves the list out where a role does not see agents. */
export function UsedBy({ agents }: { agents: readonly string[] | undefined }) {
  const org = useOrg();
  if (agents === undefined) return <span className="text-muted">—</span>;
  if (agents.length === 0) return <span className="text-muted">No agent</span>;
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-0.5">
      {agents.map((name) => (
        <li key={name}>
          <Link to="/orgs/$org/agents/$name/secrets" params={{ org: org.name, name }} className={linkStyle}>
            {name}
          </Link>
        </li>
      ))}
    </ul>
  );
}
