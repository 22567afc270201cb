import type { StoredToken, TokenOwner } from '../tokens/token-repository.js';
import type { Notification } from './notify.js';
import { oneLine } from './outbox.js';

/** What the texts say of a token. */
export type TokenInText = Pick<
  StoredToken,
  'id' | 'kind' | 'name' | 'masked' | 'owner' | 'expiresAt' | 'lastUsedAt' | 'lastUsedAddress' | 'lastUsedCiRun'
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

/** A secret that a rotation had ended was presented again: somebody kept it. `revoked`: by policy, its whole family has been ended. */
export function tokenReused(facts: {
  token: TokenInText;
  at: string;
  address: string | null;
  revoked: boolean;
}): Notification {
  const { token, at, address, revoked } = facts;
  return {
    kind: 'token.reused',
    ...audienceOf(token.owner),
    subject: `An old secret of token "${oneLine(token.name)}" was used`,
    text: lines(
      `${describe(token)} was rotated, and its old secret was sent again on ${instant(at)}${from(address)}. It was refused.`,
      'Either something was not given the new secret, or somebody else has a copy of the old one.',
      revoked
        ? 'As the policy asks, every secret that came of it was revoked. Make a new token for what needs one.'
        : `The secret in use still works. If you do not know that address, replace it at once: ${rotateCommand(token)} --leaked`,
    ),
    data: { ...ids(token), at, address, familyRevoked: revoked },
  };
}

/** Ended by somebody or something else than its owner. `why` is a half sentence: "revoked by an admin of acme". */
export function tokenRevoked(facts: { token: TokenInText; at: string; cause: string; why: string }): Notification {
  const { token, at, cause, why } = facts;
  return {
    kind: 'token.revoked',
    ...audienceOf(token.owner),
    subject: `Token "${oneLine(token.name)}" was revoked`,
    text: lines(
      `${describe(token)} was ended on ${instant(at)}: ${oneLine(why)}. Whatever uses it is refused from then on.`,
      lastUse(token),
      'If something still needs it, make a new token in the dashboard or with: pipecat cloud token create',
    ),
    data: { ...ids(token), at, cause, ...use(token) },
  };
}

/** A live credential lay in the open. `where` is a half sentence: "the log of build b1". `kind` is what people call it: "private API key". */
export function credentialLeaked(facts: {
  credential: { id: string; kind: string; name: string; masked: string };
  organizationId: string | null;
  userIds?: readonly string[];
  where: string;
  at: string;
  revoked: boolean;
}): Notification {
  const { credential, organizationId, userIds, where, at, revoked } = facts;
  return {
    kind: 'credential.leaked',
    organizationId,
    ...(userIds ? { userIds } : {}),
    subject: `The ${credential.kind} "${oneLine(credential.name)}" was found in the open`,
    text: lines(
      `The ${credential.kind} "${oneLine(credential.name)}" (${credential.masked}) was found on ${instant(at)} in ${oneLine(where)}.`,
      revoked
        ? 'It was revoked at once. Make a new one for what needs it.'
        : 'It still works, so whoever could read that can use it. Rotate it now, without an overlap, and remove it from there.',
      'Look at its last uses before that: they are in the audit log.',
    ),
    data: { credentialId: credential.id, credentialKind: credential.kind, where, at, revoked },
  };
}

/** `change` is a half sentence: "was disabled", "got the role admin". `by` names the person. */
export function serviceAccountChanged(facts: {
  organizationId: string;
  serviceAccount: { id: string; name: string };
  change: string;
  by: string;
  at: string;
}): Notification {
  const { organizationId, serviceAccount, change, by, at } = facts;
  const sentence = `The service account "${oneLine(serviceAccount.name)}" ${oneLine(change)}`;
  return {
    kind: 'service_account.changed',
    organizationId,
    subject: sentence,
    text: lines(
      `${sentence} on ${instant(at)}, by ${oneLine(by)}. It holds for its tokens at once.`,
      'If you did not expect this, look at the audit log and at who is an admin.',
    ),
    data: { serviceAccountId: serviceAccount.id, name: serviceAccount.name, change, by, at },
  };
}

/** To owners and admins; the invited person gets a mail of their own with the link. */
export function memberInvited(facts: {
  organization: { id: string; name: string };
  invitationId: string;
  email: string;
  role: string;
  by: string;
  at: string;
}): Notification {
  const { organization, invitationId, email, role, by, at } = facts;
  return {
    kind: 'member.invited',
    organizationId: organization.id,
    subject: `${oneLine(email)} was invited to ${organization.name}`,
    text: lines(
      `${oneLine(by)} invited ${oneLine(email)} to ${organization.name} as ${role} on ${instant(at)}.`,
      'If you did not expect this, revoke the invitation before it is accepted, in the dashboard or with: pipecat cloud organizations invitations revoke',
    ),
    data: { organizationName: organization.name, invitationId, email, role, by, at },
  };
}

/** A person is told of what is theirs; of a service account's, its organization is told. */
function audienceOf(owner: TokenOwner): Pick<Notification, 'organizationId' | 'userIds' | 'path'> {
  return owner.kind === 'user'
    ? { organizationId: null, userIds: [owner.id], path: '/account/tokens' }
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
