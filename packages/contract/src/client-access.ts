import type { UpdateAccountBody, WhoAmI } from './accounts.js';
import type { CreatedApiKey } from './api-keys.js';
import type { RequestFunction } from './client.js';
import type { StatusOk } from './errors.js';
import type {
  AcceptedInvitation,
  AcceptInvitationBody,
  CreatedInvitation,
  CreateInvitationBody,
  InvitationList,
  Member,
  MemberList,
  RemovedMember,
  RemoveMemberBody,
  UpdateMemberBody,
} from './members.js';
import type { CreateOrganizationBody, OrganizationEnvelope, UpdateOrganizationBody } from './organizations.js';
import type { PolicyBody, PolicyDryRun, PolicyEnvelope } from './policies.js';
import type {
  CreateServiceAccountBody,
  ServiceAccount,
  ServiceAccountList,
  UpdateServiceAccountBody,
} from './service-accounts.js';
import type {
  CanAnswer,
  CanQuery,
  CreatedToken,
  CreateTokenBody,
  DecisionBody,
  DeriveTokenBody,
  PanicBody,
  PanicResult,
  RotatedToken,
  RotateTokenBody,
  Token,
  TokenList,
} from './tokens.js';

/** The calls about people, tokens and what they may do: one per route, spread into the client. */
export function accessCalls(request: RequestFunction) {
  const segment = encodeURIComponent;
  const org = (name: string) => `/v1/organizations/${segment(name)}`;
  const serviceAccount = (o: string, id: string) => `${org(o)}/service-accounts/${segment(id)}`;
  return {
    setDefaultOrganization: (body: UpdateAccountBody) => request<WhoAmI>('PATCH', '/v1/users', { body }),

    listTokens: () => request<TokenList>('GET', '/v1/tokens'),
    getToken: (id: string) => request<{ token: Token }>('GET', `/v1/tokens/${segment(id)}`),
    createToken: (body: CreateTokenBody) => request<CreatedToken>('POST', '/v1/tokens', { body }),
    rotateToken: (id: string, body: RotateTokenBody = {}) =>
      request<RotatedToken>('POST', `/v1/tokens/${segment(id)}/rotate`, { body }),
    deriveToken: (id: string, body: DeriveTokenBody) =>
      request<CreatedToken>('POST', `/v1/tokens/${segment(id)}/derive`, { body }),
    revokeToken: (id: string) => request<StatusOk>('DELETE', `/v1/tokens/${segment(id)}`),
    panic: (body: PanicBody) => request<PanicResult>('POST', '/v1/tokens/panic', { body }),
    /** The token that this client carries; also with `rotate`, `derive`, `revoke` and `can`. */
    describeToken: () => request<{ token: Token }>('GET', '/v1/tokens/self'),
    rotateSelf: (body: RotateTokenBody = {}) => request<RotatedToken>('POST', '/v1/tokens/self/rotate', { body }),
    deriveSelf: (body: DeriveTokenBody) => request<CreatedToken>('POST', '/v1/tokens/self/derive', { body }),
    revokeSelf: () => request<StatusOk>('DELETE', '/v1/tokens/self'),
    can: (query: CanQuery) => request<CanAnswer>('GET', '/v1/tokens/self/can', { query }),

    createOrganization: (body: CreateOrganizationBody) =>
      request<OrganizationEnvelope>('POST', '/v1/organizations', { body }),
    updateOrganization: (o: string, body: UpdateOrganizationBody) =>
      request<OrganizationEnvelope>('PATCH', org(o), { body }),
    deleteOrganization: (o: string) => request<StatusOk>('DELETE', org(o)),

    listMembers: (o: string) => request<MemberList>('GET', `${org(o)}/members`),
    updateMember: (o: string, userId: string, body: UpdateMemberBody) =>
      request<{ member: Member }>('PATCH', `${org(o)}/members/${segment(userId)}`, { body }),
    removeMember: (o: string, userId: string, body: RemoveMemberBody = {}) =>
      request<RemovedMember>('DELETE', `${org(o)}/members/${segment(userId)}`, { body }),
    leaveOrganization: (o: string) => request<StatusOk>('DELETE', `${org(o)}/members/self`),
    /** Live tokens of the person that reach the organization. */
    listMemberTokens: (o: string, userId: string) =>
      request<TokenList>('GET', `${org(o)}/members/${segment(userId)}/tokens`),
    listInvitations: (o: string) => request<InvitationList>('GET', `${org(o)}/invitations`),
    createInvitation: (o: string, body: CreateInvitationBody) =>
      request<CreatedInvitation>('POST', `${org(o)}/invitations`, { body }),
    revokeInvitation: (o: string, id: string) => request<StatusOk>('DELETE', `${org(o)}/invitations/${segment(id)}`),
    acceptInvitation: (body: AcceptInvitationBody) =>
      request<AcceptedInvitation>('POST', '/v1/invitations/accept', { body }),

    getPolicy: (o: string) => request<PolicyEnvelope>('GET', `${org(o)}/policy`),
    putPolicy: (o: string, body: PolicyBody) => request<PolicyEnvelope>('PUT', `${org(o)}/policy`, { body }),
    dryRunPolicy: (o: string, body: PolicyBody) => request<PolicyDryRun>('POST', `${org(o)}/policy/dry-run`, { body }),

    /** Every token that reaches the organization, whoever owns it. */
    listOrganizationTokens: (o: string) => request<TokenList>('GET', `${org(o)}/tokens`),
    endOrganizationToken: (o: string, id: string) => request<StatusOk>('DELETE', `${org(o)}/tokens/${segment(id)}`),
    decideOnToken: (o: string, id: string, body: DecisionBody) =>
      request<StatusOk>('POST', `${org(o)}/tokens/${segment(id)}/decision`, { body }),
    adoptToken: (o: string, id: string, serviceAccountId: string) =>
      request<{ token: Token }>('POST', `${org(o)}/tokens/${segment(id)}/adopt`, { body: { serviceAccountId } }),
    panicOrganization: (o: string, body: PanicBody) => request<PanicResult>('POST', `${org(o)}/panic`, { body }),

    listServiceAccounts: (o: string) => request<ServiceAccountList>('GET', `${org(o)}/service-accounts`),
    getServiceAccount: (o: string, id: string) =>
      request<{ serviceAccount: ServiceAccount }>('GET', serviceAccount(o, id)),
    createServiceAccount: (o: string, body: CreateServiceAccountBody) =>
      request<{ serviceAccount: ServiceAccount }>('POST', `${org(o)}/service-accounts`, { body }),
    updateServiceAccount: (o: string, id: string, body: UpdateServiceAccountBody) =>
      request<{ serviceAccount: ServiceAccount }>('PATCH', serviceAccount(o, id), { body }),
    deleteServiceAccount: (o: string, id: string) => request<StatusOk>('DELETE', serviceAccount(o, id)),
    listServiceAccountTokens: (o: string, id: string) => request<TokenList>('GET', `${serviceAccount(o, id)}/tokens`),
    createServiceAccountToken: (o: string, id: string, body: CreateTokenBody) =>
      request<CreatedToken>('POST', `${serviceAccount(o, id)}/tokens`, { body }),
    rotateServiceAccountToken: (o: string, id: string, tokenId: string, body: RotateTokenBody = {}) =>
      request<RotatedToken>('POST', `${serviceAccount(o, id)}/tokens/${segment(tokenId)}/rotate`, { body }),
    revokeServiceAccountToken: (o: string, id: string, tokenId: string) =>
      request<StatusOk>('DELETE', `${serviceAccount(o, id)}/tokens/${segment(tokenId)}`),

    /** A new value for a key; the old one stops at once. */
    rotateApiKey: (o: string, id: string) =>
      request<CreatedApiKey>('POST', `${org(o)}/apiKeys/${segment(id)}/rotate`, { body: {} }),
  };
}
