import type { Token } from '@pipecat-cloud/contract/tokens';
import { date, dateTime } from '../../lib/format';
import { CodeBlock } from '../../ui/code-block';
import { OnceDialog } from '../../ui/once';
import { Tabs } from '../../ui/tabs';
import { dockerSnippet, githubSnippet, gitlabSnippet, shellSnippet } from './snippets';

interface TokenValueDialogProps {
  made: { token: Token; value: string; predecessor?: Token };
  organization: string | undefined;
  onDone: () => void;
}

/** The value of a token that was just made, and where one puts it. */
export function TokenValueDialog({ made, organization, onDone }: TokenValueDialogProps) {
  const { token, value, predecessor } = made;
  const { origin } = window.location;
  const [org = organization] = token.grant.organizations ?? [];
  const context = { origin, organization: org, agent: token.grant.agents?.[0] };
  return (
    <OnceDialog
      title="Copy your token now"
      value={value}
      name="the token"
      onDone={onDone}
      about={
        <>
          This is the only time that <strong className="font-medium text-ink">{token.name}</strong> is shown in full.{' '}
          {token.expiresAt ? `It expires on ${date(token.expiresAt)}.` : 'It does not expire.'}
          {predecessor?.endsAt &&
            ` The old secret goes on until this one is first used, at the latest until ${dateTime(predecessor.endsAt)}: put this one in its place everywhere first.`}
        </>
      }
    >
      <Tabs
        label="Where to put it"
        tabs={[
          { name: 'Shell', content: <CodeBlock text={shellSnippet(value, origin)} name="the commands" /> },
          { name: 'GitHub Actions', content: <CodeBlock text={githubSnippet(context)} name="the workflow" /> },
          { name: 'GitLab CI', content: <CodeBlock text={gitlabSnippet(context)} name="the pipeline" /> },
          { name: 'Docker', content: <CodeBlock text={dockerSnippet(context)} name="the commands" /> },
        ]}
      />
    </OnceDialog>
  );
}
