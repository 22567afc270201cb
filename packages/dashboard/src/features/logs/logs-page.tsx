import { getRouteApi } from '@tanstack/react-router';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Page } from '../../ui/page';
import { Empty } from '../../ui/states';
import { OfAgent } from '../agents/agent-choice';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { LogFilters } from './log-filters';
import { type LogSearch, lineOf, lineText, logFilterOf, withoutLine } from './log-search';
import { LogLines } from './log-view';
import { type ChosenLine, useChosenLine } from './use-chosen-line';
import { useLogReader } from './use-log-reader';

const route = getRouteApi('/signed-in/orgs/$org/logs');

/** What an agent has written, and writes. */
export function LogsPage() {
  const org = useOrg();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Logs" about="What an agent writes, as it comes; of one session, of one level, or around one line.">
      <Permitted needs="logs:read" to="read logs">
        <OfAgent org={org.name} agent={search.agent}>
          {(agent, agents) => (
            <>
              <LogFilters
                agent={agent}
                agents={agents}
                search={search}
                onChange={(next) => void navigate({ search: { agent, ...next }, replace: true, resetScroll: false })}
              />
              <Lines
                org={org.name}
                agent={agent}
                search={search}
                onLine={(line) =>
                  void navigate({
                    search: { ...withoutLine(search), agent, ...(line && { line: lineText(line) }) },
                    replace: true,
                    resetScroll: false,
                  })
                }
              />
            </>
          )}
        </OfAgent>
      </Permitted>
    </Page>
  );
}

interface LinesProps {
  org: string;
  agent: string;
  search: LogSearch;
  onLine: (line: string | undefined) => void;
}

function Lines({ org, agent, search, onLine }: LinesProps) {
  const asked = { ...withoutLine(search), agent };
  const chosen = useChosenLine({ asked: JSON.stringify(asked), inAddress: lineOf(search), onChosen: onLine });
  return (
    <Card
      title={`What ${agent} writes`}
      actions={chosen.around !== undefined && <Button onClick={chosen.readNewest}>Go to the newest lines</Button>}
    >
      <AgentLines key={chosen.key} org={org} agent={agent} search={search} chosen={chosen} />
    </Card>
  );
}

type AgentLinesProps = Omit<LinesProps, 'onLine'> & { chosen: ChosenLine };

function AgentLines({ org, agent, search, chosen }: AgentLinesProps) {
  const { around, cursor, choose } = chosen;
  const filtered = Object.keys(withoutLine({ ...search, agent: '' })).length > 0;
  // Followed unless a line was asked for, or a time that is over.
  const follow = search.until === undefined;
  const [view, reader] = useLogReader({ org, agent, filter: logFilterOf(search), around, follow });
  const isMissing =
    around !== undefined && view.state === 'still' && !view.lines.some((line) => line.cursor === around);
  return (
    <>
      {isMissing && (
        <div className="border-b border-line px-4 py-3 sm:px-5">
          <Alert tone="warn">
            The line of this link is not here: it is no longer kept, or a filter leaves it out. These are the lines
            around its place.
          </Alert>
        </div>
      )}
      <LogLines
        {...{ org, agent, view, reader, filtered }}
        selected={cursor}
        onSelect={choose}
        empty={
          <Empty title={filtered ? 'No line matches' : `${agent} has written nothing yet`}>
            {filtered ? (
              <p>
                {follow
                  ? 'Lines that match appear here as they come.'
                  : 'Take a filter away, or look at a longer time.'}
              </p>
            ) : (
              <>
                <p className="mb-3">Start a session, and what it writes appears here:</p>
                <CodeBlock text={`pipecat cloud agent start ${agent}`} name="the command" />
              </>
            )}
          </Empty>
        }
      />
    </>
  );
}
