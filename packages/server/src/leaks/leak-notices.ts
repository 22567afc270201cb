import type { LeakKind, LeakPlace } from '@pipecat-cloud/contract/leaks';
import type { Notification } from '../notifications/notify.js';
import type { FoundCredential } from './credential-lookup.js';

const kindNames: Readonly<Record<LeakKind, string>> = {
  personal: 'personal access token',
  serviceAccount: 'service-account token',
  ci: 'CI token',
  oauth: 'sign-in of a command line',
  private: 'private API key',
  public: 'public API key',
};
const placeNames: Readonly<Record<LeakPlace, string>> = {
  build_context: 'a build context',
  build_log: 'a build log',
  agent_log: 'the log of an agent',
  secret_set: 'a secret set',
  elsewhere: 'what another organization of this server builds or runs',
};

export interface NoticePlace {
  kind: LeakPlace;
  name: string;
  reference: string | null;
}

/** `a build context (src/.env:3)`; of `elsewhere` no more than that. */
export function placeText({ kind, name }: Pick<NoticePlace, 'kind' | 'name'>): string {
  return name === '' ? placeNames[kind] : `${placeNames[kind]} (${name})`;
}

const describe = ({ kind, name, masked }: FoundCredential) => `the ${kindNames[kind]} '${name}' (${masked})`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const dataOf = ({ id, kind, masked }: FoundCredential, at: Date) => ({
  credentialId: id,
  credentialKind: kind,
  masked,
  at: at.toISOString(),
});

/** Whoever owns the credential: the person, or the owners and admins of its organization. */
const toOwner = ({ owner }: FoundCredential) =>
  'userId' in owner ? { organizationId: null, userIds: [owner.userId] } : { organizationId: owner.organizationId };

/** Somebody who holds it has ended it. Nothing of what the reporter wrote is repeated: anybody may write to the leak desk. */
export function reportedNotice(found: FoundCredential, at: Date): Notification {
  return {
    kind: 'credential.leaked',
    ...toOwner(found),
    subject: `Revoked, because it was reported as leaked: ${found.name}`,
    text: `${capital(describe(found))} was handed in at the leak desk on ${at.toISOString()}. Whoever holds a credential may end it there, so it is revoked, with everything that was derived from it.\n\nMake a new one where it was used, and find out where it was in the open: docs/leaks.md has the steps. The audit log says who reported it and where it was found, as far as they said so.`,
    data: { ...dataOf(found, at), status: 'revoked', place: null },
  };
}

/** Found inside the product. `to` is who is told; of `elsewhere` the place has no name. */
export function foundNotice(
  found: FoundCredential,
  to: 'owner' | { organizationId: string },
  place: NoticePlace,
  revoked: boolean,
  at: Date,
): Notification {
  const outcome = revoked
    ? 'It is revoked, as the policy of the organization asks. Make a new one where it was used.'
    : 'It still works. Rotate it with a deadline of 0, or revoke it, and take it out of there.';
  return {
    kind: 'credential.leaked',
    ...(to === 'owner' ? toOwner(found) : to),
    subject: `${revoked ? 'Revoked: a' : 'A'} credential was found in ${placeText({ ...place, name: '' })}: ${found.name}`,
    text: `${capital(describe(found))} was found in ${placeText(place)} on ${at.toISOString()}. ${outcome}\n\nWhoever can read that place can use the credential: docs/leaks.md has the steps.`,
    data: { ...dataOf(found, at), status: revoked ? 'revoked' : 'found', place: { ...place } },
  };
}
