import type { Build } from '@pipecat-cloud/contract/builds';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { duration } from '../../lib/format';
import { Alert } from '../../ui/alert';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card, Panel } from '../../ui/card';
import { CodeBlock } from '../../ui/code-block';
import { Facts } from '../../ui/facts';
import { linkStyle } from '../../ui/link-style';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { Permitted } from '../organization/permitted';
import { BuildLog } from './build-log';
import { buildQuery, isOpen } from './build-queries';
import { askedBy, buildState, sizeWords } from './build-words';
import { CancelBuildDialog } from './cancel-build-dialog';

const route = getRouteApi('/signed-in/orgs/$org/builds/$id');

/** One build: how it went, and its log. */
export function BuildPage() {
  const org = useOrg();
  const { id } = route.useParams();
  const build = useQuery({ ...buildQuery(org.name, id), enabled: org.can('builds:read') });
  const [cancelling, setCancelling] = useState(false);
  return (
    <Page
      title={`Build ${id.slice(0, 8)}`}
      up={
        <Link to="/orgs/$org/builds" params={{ org: org.name }} className={linkStyle}>
          Builds
        </Link>
      }
      actions={
        build.data &&
        isOpen(build.data) &&
        org.can('builds:write') && <Button onClick={() => setCancelling(true)}>Cancel…</Button>
      }
    >
      <Permitted needs="builds:read" to="see builds">
        <Loaded
          query={build}
          what="the build"
          absent={
            <Panel>
              <Empty title="There is no such build here">
                Nothing needed it any more, so it was removed; or the address is mistyped.
              </Empty>
            </Panel>
          }
        >
          {(data) => (
            <>
              <BuildFacts build={data} />
              <BuildLog key={data.id} build={data} />
              {cancelling && <CancelBuildDialog build={data} onClose={() => setCancelling(false)} />}
            </>
          )}
        </Loaded>
      </Permitted>
    </Page>
  );
}

function SetLink({ set }: { set: string }) {
  const org = useOrg();
  return (
    <Link to="/orgs/$org/secrets/$set" params={{ org: org.name, set }} className={linkStyle}>
      {set}
    </Link>
  );
}

function BuildFacts({ build }: { build: Build }) {
  const { tone, words } = buildState(build.status);
  const { startedAt, completedAt, secretSet, imagePullSecretSet, contextSizeBytes, imageSizeBytes } = build;
  return (
    <Card title="Build">
      {build.errorMessage && (
        <div className="px-4 pt-4 sm:px-5">
          <Alert>{build.errorMessage}</Alert>
        </div>
      )}
      <Facts
        rows={[
          [
            'State',
            <Badge key="s" tone={tone}>
              {words}
            </Badge>,
          ],
          [
            'Asked for',
            <span key="a">
              <Time at={build.createdAt} capital /> by {askedBy(build)}
            </span>,
          ],
          [
            'Took',
            startedAt ? (completedAt ? duration(startedAt, completedAt) : 'It is under way') : 'It has not begun',
          ],
          ['Region', build.region],
          ['Uploaded', contextSizeBytes === undefined ? 'not known' : sizeWords(contextSizeBytes)],
          ...(imageSizeBytes === undefined ? [] : [['Image', sizeWords(imageSizeBytes)] as const]),
          [
            'Dockerfile',
            <code key="d" className="font-mono text-[13px]">
              {build.dockerfilePath}
            </code>,
          ],
          ...(secretSet ? [['Secrets of steps', <SetLink key="l" set={secretSet} />] as const] : []),
          ...(imagePullSecretSet ? [['Base images with', <SetLink key="b" set={imagePullSecretSet} />] as const] : []),
          [
            'Id',
            <code key="i" className="font-mono text-[13px]">
              {build.id}
            </code>,
          ],
        ]}
      />
      {build.status === 'success' && (
        <div className="border-t border-line px-4 py-4 text-sm sm:px-5">
          <p className="mb-2 text-muted">Deploy it, also again:</p>
          <CodeBlock text={`pipecat cloud deploy AGENT --build-id ${build.id}`} name="the command" />
        </div>
      )}
    </Card>
  );
}
