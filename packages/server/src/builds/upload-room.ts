import type { OrganizationAccess } from '../access/principal.js';
import type { Repositories, Store } from '../db/store.js';
import { notFound, tooManyRequests } from '../errors.js';
import type { Clock } from '../system.js';
import type { UnusedUploads } from './upload-repository.js';

interface UploadRoomDeps {
  store: Store;
  clock: Clock;
  /** How many uploads an organization may have without a build of them, and of how many bytes together. */
  limits: { count: number; bytes: number };
  /** How long after its expiry such an upload goes. */
  keepForMs: number;
}

/** How much an organization may have of uploads that no build was made of: whoever may upload could fill the disk with them. */
export function createUploadRoom({ store, clock, limits, keepForMs }: UploadRoomDeps) {
  /** Of all who ask at once one after the other is let in. */
  async function read(repos: Repositories, organizationId: string, except?: string): Promise<UnusedUploads> {
    if (!(await repos.organizations.lock(organizationId))) throw notFound('Organization', organizationId);
    return await repos.builds.uploads.unused(organizationId, except);
  }

  function tooMany(what: string, { firstExpiresAt }: UnusedUploads) {
    const firstGoesAt = (firstExpiresAt?.getTime() ?? 0) + keepForMs;
    return tooManyRequests(
      `The organization has ${what}; make builds of them, or wait: each goes about an hour after it came`,
      // One whose time is over goes with the next sweep.
      Math.max(60, Math.ceil((firstGoesAt - clock.now().getTime()) / 1000)),
    );
  }

  function checkBytes(unused: UnusedUploads, wanted: number): void {
    if (unused.bytes + wanted <= limits.bytes) return;
    throw tooMany(
      `${mebibytes(unused.bytes)} MiB of uploads that no build was made of, what is being uploaded included, and may have ${mebibytes(limits.bytes)} MiB, too little for another`,
      unused,
    );
  }

  return {
    /** Before another upload is inserted, in its transaction. Throws 429. `reservedBytes` where its file may come without a `reserve`. */
    async checkNew(repos: Repositories, organization: OrganizationAccess, reservedBytes = 1): Promise<void> {
      const unused = await read(repos, organization.id);
      if (unused.count >= limits.count)
        throw tooMany(`${limits.count} uploads that no build was made of, which is the most`, unused);
      checkBytes(unused, reservedBytes);
    },

    /** Keeps room for a file of at most that size that is about to be taken. Throws 429 and keeps none. */
    async reserve({ id, organizationId }: { id: string; organizationId: string }, bytes: number): Promise<void> {
      await store.transaction(async (repos) => {
        checkBytes(await read(repos, organizationId, id), bytes);
        await repos.builds.uploads.reserve(id, bytes);
      });
    },

    /** The file did not come. */
    async giveBack(id: string): Promise<void> {
      await store.builds.uploads.reserve(id, undefined);
    },
  };
}

const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 / 1024);
