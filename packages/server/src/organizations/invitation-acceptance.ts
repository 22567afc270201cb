import type { AcceptedInvitation } from '@pipecat-cloud/contract/members';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor, Principal } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, conflict } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { makerOf } from './caller.js';
import type { StoredInvitation } from './invitation-repository.js';
import { codeText, invitationDays, stateOf } from './invitation-service.js';
import type { Organization } from './organization-repository.js';

/**
 * Starts a dashboard session in the caller's transaction, with its record; one that the browser's `Cookie` header names ends. Returns
 * the cookie's value.
 */
export type StartSession = (
  repos: Repositories,
  userId: string,
  oldCookie: string | undefined,
  actor: Actor,
) => Promise<string>;

export interface InvitationAcceptanceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  startSession: StartSession;
  /** Counts codes that open nothing, by source address. */
  throttle: Throttle;
}
interface Open {
  invitation: StoredInvitation;
  organization: Organization;
}

/** The side of the invited person. A code that opens nothing gets the same answer, whyever it does not. */
export function createInvitationAcceptance(deps: InvitationAcceptanceDeps) {
  const { store, clock, ids, audit, digests, throttle } = deps;

  /** The organization is locked: it can't be deleted, nor the invitation taken back, before the member is in. */
  async function open(repos: Repositories, code: string): Promise<Open | undefined> {
    const candidates = digests.candidates(codeText(code));
    const found = await repos.invitations.findByDigests(candidates);
    if (!found || !(await repos.organizations.lock(found.organizationId))) return undefined;
    const invitation = await repos.invitations.find(found.organizationId, found.id);
    const organization = await repos.organizations.find(found.organizationId);
    if (!invitation || !organization || stateOf(invitation, clock.now()) !== 'pending') return undefined;
    return { invitation, organization };
  }

  async function join(repos: Repositories, { invitation, organization }: Open, userId: string, actor: Actor) {
    const now = clock.now();
    if (!(await repos.invitations.accept(invitation.id, now))) throw new Error('An open invitation was not accepted');
    if (!(await repos.members.add(organization.id, userId, invitation.role, now))) {
      throw conflict(`You are a member of ${organization.name} already; an admin there can change your role`);
    }
    await repos.accounts.setDefaultIfNone(userId, organization.id);
    await audit.record(
      repos,
      { ...actor, kind: 'user', id: userId },
      {
        action: 'invitation.accepted',
        organizationId: organization.id,
        target: invitation.id,
        detail: { userId, email: invitation.email, role: invitation.role },
      },
    );
    return { organization: organization.name, role: invitation.role };
  }

  async function refuse(actor: Actor): Promise<never> {
    if (actor.address) throttle.fail(actor.address);
    await store.transaction((repos) =>
      audit.record(repos, actor, { action: 'invitation.refused', organizationId: null }),
    );
    throw new AppError(
      404,
      '404',
      `This invitation is not open: its link is not whole, or it was used, taken back or replaced, or it is older than ${invitationDays} days. Ask for a new one`,
    );
  }

  return {
    /** By a person who signed in with the invited address; 403 for any other. */
    async accept(principal: Principal, actor: Actor, code: string): Promise<AcceptedInvitation> {
      if (actor.address) throttle.check(actor.address);
      const userId = makerOf(principal);
      const accepted = await store.changeAccess(async (repos) => {
        const opened = await open(repos, code);
        const account = await repos.accounts.find(userId);
        if (!opened || !account) return undefined;
        if (account.email !== opened.invitation.email) throw otherAddress(account.email);
        return await join(repos, opened, userId, actor);
      });
      return accepted ?? (await refuse(actor));
    },

    /**
     * By somebody without an account: the code of the mailed link proves the address. Who has an account signs in first, so that a
     * link never stands in for a second factor. Returns the value of the session cookie.
     */
    async acceptAsNewcomer(
      actor: Actor,
      code: string,
      oldCookie: string | undefined,
    ): Promise<AcceptedInvitation & { session: string }> {
      if (actor.address) throttle.check(actor.address);
      const accepted = await store.changeAccess(async (repos) => {
        const opened = await open(repos, code);
        if (!opened) return undefined;
        const { email } = opened.invitation;
        const userId = ids.id();
        if (!(await repos.accounts.insertIfNew({ id: userId, email, defaultOrganizationId: null }, clock.now()))) {
          throw hasAccount(email);
        }
        const joined = await join(repos, opened, userId, actor);
        return { ...joined, session: await deps.startSession(repos, userId, oldCookie, actor) };
      });
      return accepted ?? (await refuse(actor));
    },
  };
}
export type InvitationAcceptance = ReturnType<typeof createInvitationAcceptance>;

function otherAddress(email: string): AppError {
  return new AppError(
    403,
    '403',
    `This invitation was sent to another address than ${email}, which you are signed in with. Sign out and open the link again to accept it as who was invited, or ask for an invitation to ${email}`,
  );
}

const hasAccount = (email: string) =>
  conflict(`There is an account for ${email} here already. Sign in with it, then open the link again`);
