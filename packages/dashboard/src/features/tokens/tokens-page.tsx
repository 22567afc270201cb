import type { Token } from '@pipecat-cloud/contract/tokens';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useCurrentOrganization } from '../../app/current-org';
import { api } from '../../lib/api';
import { Button } from '../../ui/button';
import { CodeBlock } from '../../ui/code-block';
import { nameLink } from '../../ui/link-style';
import { MenuItem, MenuLine, RowMenu } from '../../ui/menu';
import { Page } from '../../ui/page';
import { Empty, Loaded } from '../../ui/states';
import { CreateTokenDialog } from './create-token-dialog';
import { PanicDialog } from './panic-dialog';
import { isLive } from './token-attention';
import { type Doing, TokenDialogs } from './token-dialogs';
import { draftFromSearch } from './token-draft';
import { tokensQuery } from './token-queries';
import { ownTokens } from './token-source';
import { accessColumn, originColumn, TokenTable } from './token-table';

const route = getRouteApi('/signed-in/account/tokens');

/** Account → Personal access tokens. `?new=true` opens the dialog, filled in with the rest of the query. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useCurrentOrganization()?.name;
  const [doing, setDoing] = useState<Doing>();
  const [panicking, setPanicking] = useState(false);
  const draft = draftFromSearch(search);
  return (
    <Page
      title="Personal access tokens"
      about="For the command line and for CI. Give each the least it needs, and treat it like a password."
      actions={
        <>
          <Button look="quietDanger" onClick={() => setPanicking(true)}>
            Something leaked…
          </Button>
          <Button look="primary" onClick={() => navigate({ search: { new: true } })}>
            New token
          </Button>
        </>
      }
    >
      <Loaded query={tokens} what="tokens">
        {(all) => <OwnTokens tokens={all} onDo={setDoing} />}
      </Loaded>
      {draft && (
        <CreateTokenDialog
          source={ownTokens}
          initial={draft}
          byLink={Object.keys(search).length > 1}
          organization={organization}
          onClose={() => void navigate({ search: {}, replace: true })}
        />
      )}
      {panicking && (
        <PanicDialog
          about="Your tokens that were made or used in that time are ended, with the sign-ins of your command lines and your other browser sessions."
          revoke={(since) => api.panic({ since })}
          onClose={() => setPanicking(false)}
        />
      )}
      <TokenDialogs source={ownTokens} doing={doing} organization={organization} onClose={() => setDoing(undefined)} />
    </Page>
  );
}

export function OwnTokens({ tokens, onDo }: { tokens: readonly Token[]; onDo: (doing: Doing) => void }) {
  return (
    <TokenTable
      title="Your tokens"
      tokens={tokens}
      columns={[accessColumn, originColumn(tokens)]}
      nameOf={({ id, name }) => (
        <Link to="/account/tokens/$id" params={{ id }} className={nameLink}>
          {name}
        </Link>
      )}
      actionsOf={(token) =>
        isLive(token) && (
          <RowMenu label={`Actions for ${token.name}`}>
            <MenuItem onSelect={() => onDo({ what: 'rotate', token })}>Rotate…</MenuItem>
            <MenuItem onSelect={() => onDo({ what: 'derive', token })}>Derive…</MenuItem>
            <MenuLine />
            <MenuItem danger onSelect={() => onDo({ what: 'revoke', token })}>
              Revoke…
            </MenuItem>
          </RowMenu>
        )
      }
      empty={
        <Empty title="No tokens yet">
          <p className="mb-3">
            With one, the command line works from any terminal and any pipeline. Or sign in without:
          </p>
          <CodeBlock text="pipecat cloud auth login" name="the command" />
        </Empty>
      }
    />
  );
}
