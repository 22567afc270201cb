import type { CreatedInvitation, CreateInvitationBody, Invitation } from '@pipecat-cloud/contract/members';
import type { Role } from '@pipecat-cloud/contract/permissions';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { conflict, notFound } from '../errors.js';
import type { Notify, SendMail } from '../notifications/notify.js';
import type { Clock, Ids } from '../system.js';
import { isPast } from '../tokens/present-token.js';
import { type Caller, lockOrganization, makerOf } from './caller.js';
import type { StoredInvitation } from './invitation-repository.js';
import { requireReach } from './role-rules.js';

export interface InvitationServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  publicUrl: string;
  notify: Notify;
  sendMail: SendMail;
  /** Told when an invitation could not be mailed; the error carries no code. */
  onMailFailed: (error: unknown) => void;
}

export const invitationDays = 7;
const dayMs = 24 * 60 * 60 * 1000;
/** 160 bits of chance, as hex. */
const codeBytes = 20;
const maxPending = 200;

/** What is stored and looked up; the prefix keeps a code of one purpose from being used for another. */
export const codeText = (code: string) => `invitation:${code}`;

/** The side of the organization: inviting, listing, taking back. */
export function createInvitationService(deps: InvitationServiceDeps) {
  const { store, clock, ids, audit, digests, publicUrl } = deps;

  /** Not awaited by the request: the link is in its answer too. */
  function mail(email: string, organization: string, role: Role, link: string): void {
    const text = [
      `You are invited to ${organization} as ${role}.`,
      '',
      `Accept within ${invitationDays} days:`,
      link,
      '',
      'If you did not expect this, do nothing.',
    ].join('\n');
    const sent = deps.sendMail({ to: email, subject: `Invitation to ${organization}`, text });
    void sent.catch(deps.onMailFailed);
  }

  return {
    /** Newest first, also those that are over. */
    async list(organizationId: string): Promise<Invitation[]> {
      const now = clock.now();
      return (await store.invitations.list(organizationId)).map((invitation) => presentInvitation(invitation, now));
    },

    /** An earlier invitation to the same address stops working. The link is mailed and returned this once. */
    async create(caller: Caller, body: CreateInvitationBody): Promise<CreatedInvitation> {
      const { organization, actor } = caller;
      const email = body.email.toLowerCase();
      const code = ids.hex(codeBytes);
      const now = clock.now();
      const invitation = {
        id: ids.id(),
        organizationId: organization.id,
        email,
        role: body.role,
        invitedBy: makerOf(caller.principal),
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + invitationDays * dayMs).toISOString(),
      };
      await store.transaction(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        requireReach(rights, body.role, `Inviting somebody as ${body.role}`);
        if (await repos.members.findByEmail(organization.id, email)) {
          throw conflict(`${email} is a member of ${organization.name} already; change the role there instead`);
        }
        const replaced = await repos.invitations.revokeTo(organization.id, email, now);
        if ((await repos.invitations.countPending(organization.id, now)) >= maxPending) {
          throw conflict(
            `${organization.name} has ${maxPending} open invitations, which is the most; take some back first`,
          );
        }
        const { digest } = digests.current(codeText(code));
        await repos.invitations.insert({ ...invitation, digest });
        const { id, role, expiresAt } = invitation;
        await audit.record(repos, actor, {
          action: 'invitation.created',
          organizationId: organization.id,
          target: id,
          detail: { email, role, expiresAt, ...(replaced.length > 0 ? { replaced } : {}) },
        });
        await deps.notify(repos, {
          kind: 'member.invited',
          organizationId: organization.id,
          subject: `${email} was invited to ${organization.name} as ${role}`,
          text: `${email} was invited to ${organization.name} as ${role}. The invitation is open until ${expiresAt}. Take it back at ${publicUrl}/organizations/${organization.name}/members if this is not right.`,
          data: { invitationId: id, email, role, expiresAt },
        });
      });
      // In the fragment: browsers send it to no server, so it is in no log.
      const link = `${publicUrl}/invite#code=${code}`;
      mail(email, organization.name, body.role, link);
      return { invitation: presentInvitation({ ...invitation, acceptedAt: null, revokedAt: null }, now), link };
    },

    /** May be repeated. */
    async revoke(caller: Caller, id: string): Promise<void> {
      const { organization, actor } = caller;
      await store.transaction(async (repos) => {
        const rights = await lockOrganization(repos, caller, 'members:write');
        const invitation = await repos.invitations.find(organization.id, id);
        if (!invitation) throw notFound('Invitation', id);
        requireReach(rights, invitation.role, `Taking back an invitation as ${invitation.role}`);
        if (invitation.acceptedAt) {
          throw conflict(`${invitation.email} has accepted this invitation already; remove the member instead`);
        }
        if (!(await repos.invitations.revoke(organization.id, id, clock.now()))) return;
        await audit.record(repos, actor, {
          action: 'invitation.revoked',
          organizationId: organization.id,
          target: id,
          detail: { email: invitation.email, role: invitation.role },
        });
      });
    },
  };
}
export type InvitationService = ReturnType<typeof createInvitationService>;

function presentInvitation(invitation: StoredInvitation, now: Date): Invitation {
  const { id, email, role, createdAt, expiresAt } = invitation;
  return { id, email, role, createdAt, expiresAt, state: stateOf(invitation, now) };
}

export function stateOf({ acceptedAt, revokedAt, expiresAt }: StoredInvitation, now: Date): Invitation['state'] {
  if (acceptedAt) return 'accepted';
  if (revokedAt) return 'revoked';
  return isPast(expiresAt, now) ? 'expired' : 'pending';
}
