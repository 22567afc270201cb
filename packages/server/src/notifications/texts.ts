import type { RevocationCause } from '@pipecat-cloud/contract/tokens';
import type { StoredToken, TokenOwner } from '../tokens/stored-token.js';
import type { Notification } from './notify.js';
import { oneLine } from './outbox.js';

/** What the texts say of a token. */
export type TokenInText = Pick<
  StoredToken,
  | 'id'
  | 'kind'
  | 'familyId'
  | 'name'
  | 'masked'
  | 'owner'
  | 'expiresAt'
  | 'lastUsedAt'
  | 'lastUsedAddress'
  | 'lastUsedCiRun'
>;

/** It ends by itself in `days` days or less. */
export function tokenExpiring({ token, days }: { token: TokenInText; days: number }): Notification {
  const when = days === 1 ? 'within a day' : `in ${days} days`;
  return {
    kind: 'token.expiring',
    ...audienceOf(token.owner),
    subject: `Token "${oneLine(token.name)}" expires ${when}`,
    text: lines(
      `${describe(token)} expires on ${instant(token.expiresAt)}, ${when}. From then on, whatever uses it is refused.`,
      lastUse(token),
      `To renew it, rotate it in the dashboard or with: ${rotateCommand(token)}`,
      'The old secret goes on working until the new one is used, for a day at most. If nothing needs it any more, let it expire.',
    ),
    data: { ...ids(token), expiresAt: token.expiresAt, daysLeft: days, ...use(token) },
  };
}

/**
 * A secret that a rotation had ended was presented again: somebody kept it. `ended` names what was revoked for it, by policy.
 * `organizationId`, where the token belongs to one: its webhooks are told too.
 */
export function tokenReused(facts: {
  token: TokenInText;
  at: Date;
  address: string | null;
  ended: readonly string[];
  organizationId: string | null;
}): Notification {
  const { token, address, ended, organizationId } = facts;
  const at = facts.at.toISOString();
  return {
    kind: 'token.reused',
    ...audienceOf(token.owner, organizationId),
    subject: `An old secret of token "${oneLine(token.name)}" was used`,
    text: lines(
      `${describe(token)} was rotated, and its old secret was sent again on ${instant(at)}${from(address)}. It was refused.`,
      'Either something was not given the new secret, or somebody else has a copy of the old one.',
      ended.length > 0
        ? 'As the policy asks, every secret that came of it was revoked. Make a new token for what needs one.'
        : `The secret in use still works. If you do not know that address, replace it at once: ${rotateCommand(token)} --leaked`,
    ),
    data: { ...ids(token), familyId: token.familyId, at, address, ended },
  };
}

/**
 * Ended by somebody or something else than its owner. `why` is a half sentence: "revoked by an admin of acme". `organizationId`, where
 * an organization did it: its webhooks are told too.
 */
export function tokenRevoked(facts: {
  token: TokenInText;
  at: Date;
  cause: RevocationCause;
  why: string;
  organizationId: string | null;
}): Notification {
  const { token, cause, why, organizationId } = facts;
  const at = facts.at.toISOString();
  return {
    kind: 'token.revoked',
    ...audienceOf(token.owner, organizationId),
    subject: `Token "${oneLine(token.name)}" was revoked`,
    text: lines(
      `${describe(token)} was ended on ${instant(at)}: ${oneLine(why)}. Whatever uses it is refused from then on.`,
      lastUse(token),
      'If something still needs it, make a new token in the dashboard or with: pipecat cloud token create',
    ),
    data: { ...ids(token), at, cause, ...use(token) },
  };
}

/** `detail`: what differs, as the audit log has it. */
export function serviceAccountChanged(facts: {
  organization: { id: string; name: string };
  serviceAccount: { id: string; name: string };
  change: 'created' | 'updated' | 'deleted';
  detail: Readonly<Record<string, unknown>>;
}): Notification {
  const { organization, serviceAccount, change, detail } = facts;
  const sentence = `Service account ${oneLine(serviceAccount.name)} of ${organization.name} was ${change}`;
  const details = Object.entries(detail).map(([name, value]) => `${name}: ${oneLine(JSON.stringify(value))}`);
  return {
    kind: 'service_account.changed',
    organizationId: organization.id,
    subject: sentence,
    text: lines(
      `${sentence}. It holds for its tokens at once.`,
      details.join('\n'),
      'If you did not expect this: the audit log says who did it.',
    ),
    data: { serviceAccountId: serviceAccount.id, name: serviceAccount.name, change, ...detail },
  };
}

/** To owners and admins; the invited person gets a mail of their own with the link. */
export function memberInvited(facts: {
  organization: { id: string; name: string };
  invitation: { id: string; email: string; role: string; expiresAt: string };
}): Notification {
  const { organization, invitation } = facts;
  const { id, email, role, expiresAt } = invitation;
  const sentence = `${oneLine(email)} was invited to ${organization.name} as ${role}`;
  return {
    kind: 'member.invited',
    organizationId: organization.id,
    subject: sentence,
    text: lines(
      `${sentence}. The invitation is open until ${instant(expiresAt)}.`,
      'If you did not expect this, take it back before it is accepted, in the dashboard or with: pipecat cloud organizations invitations revoke',
    ),
    path: `/organizations/${organization.name}/members`,
    data: { invitationId: id, email, role, expiresAt },
  };
}

/** A person is told of what is theirs; of a service account's, its organization is told. */
function audienceOf(
  owner: TokenOwner,
  organizationId: string | null = null,
): Pick<Notification, 'organizationId' | 'userIds' | 'path'> {
  return owner.kind === 'user'
    ? { organizationId, userIds: [owner.id], path: '/account/tokens' }
    : { organizationId: owner.organizationId };
}

function describe({ name, masked, owner }: TokenInText): string {
  const whose =
    owner.kind === 'user' ? 'personal access token' : `token of the service account ${oneLine(owner.name)},`;
  const person = owner.kind === 'user' ? ` of ${oneLine(owner.name)}` : '';
  return `The ${whose} "${oneLine(name)}" (${masked})${person}`;
}

function lastUse({ lastUsedAt, lastUsedAddress, lastUsedCiRun }: TokenInText): string {
  if (lastUsedAt === null) return 'It was never used.';
  const ci = lastUsedCiRun === null ? '' : `\nThe last CI run that used it: ${lastUsedCiRun}`;
  return `Last used on ${instant(lastUsedAt)}${from(lastUsedAddress)}.${ci}`;
}

function rotateCommand({ id, owner }: TokenInText): string {
  const account = owner.kind === 'serviceAccount' ? ` --service-account ${oneLine(owner.name)}` : '';
  return `pipecat cloud token rotate ${id}${account}`;
}

const ids = ({ id, name, masked, kind, owner }: TokenInText) => ({
  tokenId: id,
  name,
  masked,
  tokenKind: kind,
  owner: { kind: owner.kind, id: owner.id, name: owner.name },
});
const use = ({ lastUsedAt, lastUsedCiRun }: TokenInText) => ({ lastUsedAt, lastUsedCiRun });
const from = (address: string | null) => (address === null ? '' : ` from ${address}`);
const lines = (...paragraphs: readonly string[]) => paragraphs.join('\n\n');
/** "2026-05-04 10:00 UTC" */
const instant = (iso: string | null) => (iso === null ? 'no date' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`);
