import {
  agentScopedPermissions,
  type Permission,
  privateKeyPermissions,
  type RouteAccess,
  rolePermissions,
} from '@pipecat-cloud/contract/permissions';
import { AppError, forbidden } from '../errors.js';
import type { Clock } from '../system.js';
import { effectivePermissions } from '../tokens/grants.js';
import type { AccessFacts, Reach } from './access-facts.js';
import { allowsAddress } from './networks.js';
import { blockedBy } from './policy-rules.js';
import { type OrganizationAccess, type Principal, tokenOf } from './principal.js';
import { addressNotAllowed, keyWithoutOrganization } from './refusals.js';

interface AuthorizerDeps {
  facts: AccessFacts;
  clock: Clock;
  publicUrl: string;
}

/** Grant ∩ role ∩ policy, computed anew for each request from what is true now (credentials design, section 4). */
export function createAuthorizer({ facts, clock, publicUrl }: AuthorizerDeps) {
  /**
   * Organizations that a caller reaches, in the order of the contract: a token's restriction applied to its owner's memberships of
   * now. One whose policy stops the caller is among them: the refusal there says why.
   */
  async function reach(principal: Principal): Promise<readonly Reach[]> {
    const all = await facts.reachOf(principal);
    const only = tokenOf(principal)?.grant.organizations;
    return only ? all.filter(({ id }) => only.includes(id)) : all;
  }

  /** Throws 403 for a person who signed in without the second factor that the organization asks for. */
  function checkSecondFactor(principal: Principal, { policy, name }: Pick<Reach, 'policy' | 'name'>): void {
    if (principal.kind !== 'user' || principal.via === 'token') return;
    if (!policy.secondFactorRequired || principal.secondFactor) return;
    const help = `${publicUrl}/account/security`;
    const message = `${name} asks for a second factor: sign in again with a passkey, or add one at ${help}`;
    throw blocked('secondFactorRequired', message, help);
  }

  /** Throws where the organization's policy stops the caller. */
  async function checkPolicy(organization: Reach, principal: Principal, address: string): Promise<void> {
    const { policy, name } = organization;
    checkSecondFactor(principal, organization);
    const token = tokenOf(principal);
    if (!token) return;
    const decision = token.kind === 'personal' ? await facts.decisionOf(organization.id, token.id) : 'pending';
    const stopped = blockedBy(
      policy,
      { ...token, ownerRole: organization.role, decision },
      { now: clock.now(), address },
    );
    if (!stopped) return;
    if (stopped.rule === 'allowedNetworks') throw addressNotAllowed(address, `Tokens of ${name}`);
    throw blocked(stopped.rule, `The policy of ${name} stops this token: ${stopped.sentence}`);
  }

  return {
    reach,
    checkSecondFactor,

    /**
     * Resolves `{org}` of a path (name or id) through the caller's own memberships and checks what the route needs. An organization
     * that the caller can't reach and one that does not exist get the same answer.
     */
    async authorize(
      principal: Principal,
      org: string,
      { needs, role }: Pick<RouteAccess, 'needs' | 'role'>,
      address: string,
    ): Promise<OrganizationAccess> {
      const reachable = await reach(principal);
      const organization = reachable.find(({ id, name }) => name === org || id === org);
      if (!organization) throw wrongOrganization(org, reachable);
      const grant = tokenOf(principal)?.grant;
      const permissions = grant ? effectivePermissions(organization.role, grant) : rolePermissions[organization.role];
      try {
        await checkPolicy(organization, principal, address);
        if (role && organization.role !== role) throw ownersOnly(organization);
        if (needs !== 'live' && needs !== 'anyone' && !permissions.has(needs))
          throw missingPermission(needs, organization, principal);
      } catch (error) {
        // Belongs into the log of the organization that refuses.
        if (error instanceof AppError) error.credential = { organizationId: organization.id };
        throw error;
      }
      const { id, name, defaultRegion, policy } = organization;
      const agents = grant?.agents && new Set(grant.agents);
      return { id, name, defaultRegion, role: organization.role, permissions, agents, policy };
    },

    /** The organization of a private key. A key holds the same in every organization; the networks of the policy bind it as they bind tokens. */
    async authorizeKey(
      principal: Extract<Principal, { kind: 'apiKey' }>,
      needs: RouteAccess['needs'],
      address: string,
    ): Promise<OrganizationAccess> {
      const organization = await facts.organizationOf(principal.organizationId);
      if (!organization) throw keyWithoutOrganization();
      const { id, name, defaultRegion, policy } = organization;
      const networks = policy.allowedNetworks;
      if (networks.length > 0 && !allowsAddress(networks, address)) {
        const refusal = addressNotAllowed(address, `Private API keys of ${name}`);
        refusal.credential = { organizationId: id };
        throw refusal;
      }
      const permissions = privateKeyPermissions;
      if (needs !== 'live' && needs !== 'anyone' && !permissions.has(needs))
        throw new Error(`A route for private keys needs ${needs}, which no private key has`);
      return { id, name, defaultRegion, role: 'developer', permissions, policy };
    },
  };
}
export type Authorizer = ReturnType<typeof createAuthorizer>;

/** Throws 403 for an agent that the caller's grant leaves out, whether it exists or not. */
export function checkAgent(organization: OrganizationAccess, agent: string): void {
  const { agents } = organization;
  if (!agents || agents.has(agent)) return;
  throw forbidden(
    'missing_permission',
    `This token reaches only ${[...agents].join(', ')} in ${organization.name}, not the agent '${agent}'. Its owner can make a token that does`,
    { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  );
}

function blocked(rule: string, message: string, help?: string): AppError {
  const details = { reason: 'blocked_by_policy', rule, ...(help ? { help } : {}) };
  return new AppError(403, '403', message, { details });
}

function wrongOrganization(org: string, reachable: readonly Reach[]) {
  const names = reachable.map(({ name }) => name).join(', ');
  const reach = names ? `This credential reaches ${names}` : 'This credential reaches no organization';
  return forbidden(
    'wrong_organization',
    `${reach}, not '${org}'. Set PIPECAT_ORG, or use a token of that organization`,
  );
}

function ownersOnly({ name, role }: Reach) {
  return forbidden('missing_permission', `Only an owner of ${name} may do this; your role is ${role}. Ask an owner`);
}

function missingPermission(needs: Permission, organization: Reach, principal: Principal) {
  const grant = tokenOf(principal)?.grant;
  const byRole = rolePermissions[organization.role].has(needs);
  const way =
    byRole && grant?.agents && !agentScopedPermissions.has(needs)
      ? 'it is restricted to single agents, and this reaches beyond them; its owner can make a token without that restriction'
      : byRole && grant
        ? 'its owner can make a token that has it'
        : `the role ${organization.role} does not have it; an admin of ${organization.name} can grant a higher one`;
  return forbidden('missing_permission', `This needs the permission ${needs}, which this credential lacks: ${way}`, {
    'www-authenticate': `Bearer error="insufficient_scope", scope="${needs}"`,
  });
}
