import type { Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../../lib/api';
import { Address } from '../../../ui/address';
import { Badge } from '../../../ui/badge';
import { Button } from '../../../ui/button';
import { MenuItem, MenuLine, RowMenu } from '../../../ui/menu';
import { Page } from '../../../ui/page';
import { Empty, Failure, Loaded } from '../../../ui/states';
import { toast } from '../../../ui/toast';
import { useOrg } from '../../organization/org-context';
import { Permitted } from '../../organization/permitted';
import { policyQuery } from '../../policy/policy-queries';
import { RevokeTokenDialog } from '../revoke-token-dialog';
import { isLive } from '../token-attention';
import { organizationTokensQuery, tokenKeys } from '../token-queries';
import { accessColumn, TokenTable } from '../token-table';
import { AdoptDialog } from './adopt-dialog';
import { OrganizationPanic } from './organization-panic';

type Doing = { what: 'end' | 'adopt'; token: Token } | { what: 'panic' };

/** Every token that reaches the organization, whoever owns it: approve, hand over, end. */
export function OrganizationTokensPage() {
  const org = useOrg();
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const source = {
    key: tokenKeys.ofOrganization(org.name),
    revoke: (id: string) => api.endOrganizationToken(org.name, id),
  };
  return (
    <Page
      title="Tokens in use"
      about={`Every token that reaches ${org.verboseName}, whoever owns it.`}
      actions={
        org.can('members:write') && (
          <Button look="quietDanger" onClick={() => setDoing({ what: 'panic' })}>
            Revoke everything…
          </Button>
        )
      }
    >
      <Permitted needs="members:write" to="see the tokens of others">
        <Tokens onDo={setDoing} />
      </Permitted>
      {doing?.what === 'end' && <RevokeTokenDialog source={source} token={doing.token} onClose={close} />}
      {doing?.what === 'adopt' && <AdoptDialog token={doing.token} onClose={close} />}
      {doing?.what === 'panic' && <OrganizationPanic onClose={close} />}
    </Page>
  );
}

function Tokens({ onDo }: { onDo: (doing: Doing) => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const tokens = useQuery(organizationTokensQuery(org.name));
  const asksForApproval = useQuery(policyQuery(org.name)).data?.policy.approvalRequired === true;
  /** Nothing waits where nobody asks for it. */
  const decisionOn = ({ decision }: Token) => (decision === 'pending' && !asksForApproval ? undefined : decision);
  const decide = useMutation({
    mutationFn: ({ token, state }: { token: Token; state: 'approved' | 'denied' }) =>
      api.decideOnToken(org.name, token.id, { state }),
    onSuccess: (_, { token, state }) => toast(`“${token.name}” is ${state}.`),
    onSettled: () => queryClient.invalidateQueries({ queryKey: tokenKeys.ofOrganization(org.name) }),
  });
  return (
    <>
      {decide.isError && <Failure error={decide.error} />}
      <Loaded query={tokens} what="tokens">
        {(all) => (
          <TokenTable
            title="Tokens"
            tokens={all}
            columns={[
              { name: 'Owner', cell: (token) => <Owner token={token} decision={decisionOn(token)} /> },
              accessColumn,
            ]}
            actionsOf={(token) =>
              isLive(token) && (
                <RowMenu label={`Actions for ${token.name}`}>
                  {decisionOn(token) !== undefined && token.decision !== 'approved' && (
                    <MenuItem onSelect={() => decide.mutate({ token, state: 'approved' })}>Approve</MenuItem>
                  )}
                  {token.decision !== undefined && token.decision !== 'denied' && (
                    <MenuItem onSelect={() => decide.mutate({ token, state: 'denied' })}>Deny</MenuItem>
                  )}
                  {token.owner.kind === 'user' && (
                    <MenuItem onSelect={() => onDo({ what: 'adopt', token })}>Hand to a service account…</MenuItem>
                  )}
                  <MenuLine />
                  <MenuItem danger onSelect={() => onDo({ what: 'end', token })}>
                    End…
                  </MenuItem>
                </RowMenu>
              )
            }
            empty={<Empty title="No token reaches this organization" />}
          />
        )}
      </Loaded>
    </>
  );
}

const decisions = {
  pending: { tone: 'warn', words: 'Waits for approval' },
  approved: { tone: 'good', words: 'Approved' },
  denied: { tone: 'bad', words: 'Denied' },
} as const;

function Owner({ token: { owner }, decision }: { token: Token; decision: Token['decision'] }) {
  return (
    <>
      <span className="block min-w-36">
        <Address text={owner.name} />
      </span>
      <span className="block text-muted">{owner.kind === 'user' ? 'person' : 'service account'}</span>
      {decision && <Badge tone={decisions[decision].tone}>{decisions[decision].words}</Badge>}
    </>
  );
}
