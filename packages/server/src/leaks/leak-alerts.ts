import type { Policy } from '@pipecat-cloud/contract/policies';
import { systemActor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import type { Clock, Ids } from '../system.js';
import { type EndCredential, organizationOf } from './credential-end.js';
import type { CredentialLookup, FoundCredential } from './credential-lookup.js';
import { foundNotice, type NoticePlace, placeText } from './leak-notices.js';

/** Of which organization the place is, and what somebody has to look at there. */
export interface LeakSite extends NoticePlace {
  organizationId: string;
}

interface LeakAlertsDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  notify: Notify;
  lookup: CredentialLookup;
  endCredential: EndCredential;
  policyOf: (organizationId: string) => Promise<Policy>;
}

/** Other organizations learn that one of theirs was seen, and nothing of where. */
const elsewhere: NoticePlace = { kind: 'elsewhere', name: '', reference: null };

/** Looks up what a scan found and, where it is live, notes it, tells those whose it is, and ends it where a policy says so. */
export function createLeakAlerts(deps: LeakAlertsDeps) {
  const { store, clock, ids, audit, notify, lookup, endCredential, policyOf } = deps;

  /** Ids of the organizations that the credential belongs to or reaches. */
  async function reachedBy({ owner, only }: FoundCredential): Promise<string[]> {
    if ('organizationId' in owner) return [owner.organizationId];
    const memberships = await store.organizations.listOfUser(owner.userId);
    return memberships.map(({ id }) => id).filter((id) => only?.includes(id) ?? true);
  }

  async function wantsRevocation(organizations: readonly string[]): Promise<boolean> {
    for (const id of organizations) if ((await policyOf(id)).onLeak === 'revoke') return true;
    return false;
  }

  /** One row and, at the first sighting, one alert: to the organization of the row, and to the person whose credential it is. */
  async function note(
    repos: Repositories,
    found: FoundCredential,
    organizationId: string,
    place: NoticePlace,
    { belongs, count, revoked }: { belongs: boolean; count: number; revoked: boolean },
  ): Promise<void> {
    const { kind, id, masked } = found;
    const now = clock.now();
    const sighting = { credential: { kind, id, masked }, belongs, place, count, revoked };
    if (!(await repos.leaks.note(organizationId, ids.id(), sighting, now))) return;
    if (belongs) {
      await notify(repos, foundNotice(found, { organizationId }, place, revoked, now));
      await audit.record(repos, systemActor, {
        action: 'credential.leak_found',
        organizationId,
        target: id,
        detail: { kind, masked, place: { ...place }, revoked },
      });
    }
    if ('userId' in found.owner) {
      await notify(repos, foundNotice(found, 'owner', belongs ? place : elsewhere, revoked, now));
    }
  }

  return {
    /** False when the value is no live credential of this server, or a public key, which may be seen. */
    async raise(value: string, site: LeakSite, count: number): Promise<boolean> {
      const found = await lookup.find(store, value);
      if (!found?.live || found.kind === 'public') return false;
      const { organizationId, ...place } = site;
      const reached = await reachedBy(found);
      const belongs = reached.includes(organizationId);
      const home = organizationOf(found);
      const revoke = await wantsRevocation(reached);

      const work = async (repos: Repositories): Promise<void> => {
        const reason = `found in ${placeText(belongs ? place : elsewhere)}`;
        const revoked = revoke && (await endCredential(repos, found, value, systemActor, { cause: 'leak', reason }));
        await note(repos, found, organizationId, place, { belongs, count, revoked });
        if (!belongs && home !== null) await note(repos, found, home, elsewhere, { belongs: true, count, revoked });
      };
      await (revoke ? store.changeAccess(work) : store.transaction(work));
      return true;
    },
  };
}
export type LeakAlerts = ReturnType<typeof createLeakAlerts>;
