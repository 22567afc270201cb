import { Link } from '@tanstack/react-router';
import { buttonLink } from '../../ui/link-style';
import { useOrg } from '../organization/org-context';

/** The way to talk to an agent, for those who may. */
export function TryLink({ agent }: { agent: string }) {
  const org = useOrg();
  if (!org.can('sessions:start')) return null;
  return (
    // Loaded anew: browsers decide with the document whether a page may ask for the microphone.
    <Link
      to="/orgs/$org/agents/$name/try"
      params={{ org: org.name, name: agent }}
      reloadDocument
      className={buttonLink}
    >
      Try it
    </Link>
  );
}
