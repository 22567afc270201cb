import type { SessionDetail } from '@pipecat-cloud/contract/sessions';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { dateTime, duration } from '../../lib/format';
import { isNotFound } from '../../lib/refusals';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card, Panel } from '../../ui/card';
import { Facts } from '../../ui/facts';
import { buttonLink, linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { sessionState } from '../overview/agent-words';
import { SessionCourse } from './session-course';
import { sessionQuery } from './session-queries';
import { eventWords, startWords } from './session-words';
import { StopSessionDialog } from './stop-session-dialog';
import { TraceCard } from './trace-card';

const route = getRouteApi('/signed-in/orgs/$org/agents/$name/sessions/$id');

/** One conversation: how it started, what it used, and what was written meanwhile. */
export function SessionPage() {
  const { name, id } = route.useParams();
  const org = useOrg();
  const session = useQuery({ ...sessionQuery(org.name, name, id), enabled: org.can('sessions:read') });
  const [stopping, setStopping] = useState(false);
  const gone = isNotFound(session.error);
  const isOpen = session.data !== undefined && session.data.state !== 'ended';
  return (
    <Page
      title="Session"
      about={<span className="font-mono text-[13px] wrap-anywhere">{id}</span>}
      up={
        <Link to="/orgs/$org/sessions" params={{ org: org.name }} search={{ agent: name }} className={linkStyle}>
          Sessions of {name}
        </Link>
      }
      actions={
        !gone && (
          <>
            <Link
              to="/orgs/$org/logs"
              params={{ org: org.name }}
              search={{ agent: name, session: id }}
              className={buttonLink}
            >
              Search its lines
            </Link>
            {isOpen && org.can('sessions:stop') && (
              <Button look="quietDanger" onClick={() => setStopping(true)}>
                Stop it
              </Button>
            )}
          </>
        )
      }
    >
      <Permitted needs="sessions:read" to="see sessions">
        <Loaded
          query={session}
          what="the session"
          absent={
            <Panel>
              <Empty title="There is no such session here">
                Its agent was deleted, and its sessions with it; or the address is mistyped.
              </Empty>
            </Panel>
          }
        >
          {(found) => (
            <>
              <div className="grid items-start gap-6 xl:grid-cols-2">
                <SessionFacts session={found} />
                <TraceCard agent={name} id={id} />
              </div>
              <SessionCourse agent={name} session={found} />
            </>
          )}
        </Loaded>
        {stopping && <StopSessionDialog agent={name} id={id} onClose={() => setStopping(false)} />}
      </Permitted>
    </Page>
  );
}

function SessionFacts({ session }: { session: SessionDetail }) {
  const { tone, words } = sessionState(session);
  const { createdAt, endedAt, endReason, endDetail, deploymentId, events, meetingIds } = session;
  return (
    <Card title="What it is">
      <Facts
        rows={[
          [
            'State',
            <Badge key="state" tone={tone}>
              {words}
            </Badge>,
          ],
          ['Started', dateTime(createdAt)],
          [
            endedAt === null ? 'Goes on for' : 'Lasted',
            <span key="lasted" className="tabular-nums">
              {duration(createdAt, endedAt ?? new Date().toISOString())}
            </span>,
          ],
          ['Start', startWords(session)],
          ...(endReason === null
            ? []
            : [
                [
                  'Why it ended',
                  <span key="end" className="wrap-anywhere">
                    <code className="font-mono text-[13px]">{endReason}</code>
                    {endDetail && <span className="block">{endDetail}</span>}
                  </span>,
                ] as const,
              ]),
          [
            'Deployment',
            <span key="deployment" className="font-mono text-[13px]">
              {deploymentId}
            </span>,
          ],
          [
            'What happened',
            <ol key="events" className="space-y-0.5">
              {events.map(({ eventCode, eventTs }) => (
                <li key={eventCode}>
                  {eventWords[eventCode] ?? eventCode}{' '}
                  <span className="text-muted">{new Date(eventTs).toLocaleTimeString('en-GB')}</span>
                </li>
              ))}
            </ol>,
          ],
          ...(meetingIds.length === 0
            ? []
            : [['Meetings', meetingIds.map(({ meetingId }) => meetingId).join(', ')] as const]),
        ]}
      />
    </Card>
  );
}
