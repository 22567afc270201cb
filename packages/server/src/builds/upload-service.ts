import type { UploadUrl } from '@pipecat-cloud/contract/builds';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, badRequest, conflict, notFound } from '../errors.js';
import type { Regions } from '../regions/regions.js';
import type { Clock, Ids } from '../system.js';
import { isUuid } from '../uuid.js';
import type { Upload, UploadContent } from './upload-repository.js';
import { createUploadRoom } from './upload-room.js';
import { contextType, isSignedUpload, signUpload, type UploadFields } from './upload-signature.js';
import { type StagedUpload, tooLargeUpload, type UploadForm, type UploadStore } from './upload-store.js';

interface UploadServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  uploads: UploadStore;
  /** `keys.signing`. */
  signingKey: Buffer;
  publicUrl: string;
  regions: Pick<Regions, 'check' | 'defaultOf'>;
  /** Uploads that an organization may have without a build of them, and their bytes. */
  unusedLimit?: number;
  unusedLimitBytes?: number | undefined;
}

const minuteMs = 60_000;
const acceptForMs = 15 * minuteMs;
/** After its expiry, or its arrival where that is later: a build must still find an upload that took its whole time. */
const keepForMs = 60 * minuteMs;

export function createUploadService(deps: UploadServiceDeps) {
  const { store, clock, ids, audit, uploads, signingKey, publicUrl, regions } = deps;
  const { unusedLimit = 100, unusedLimitBytes = Number.POSITIVE_INFINITY } = deps;
  const { arrival } = uploads;
  const limits = { count: unusedLimit, bytes: unusedLimitBytes };
  const room = createUploadRoom({ store, clock, limits, keepForMs });

  /** Ids whose file is arriving; of two senders the second is refused at once. */
  const arriving = new Set<string>();

  function ownForm(uploadId: string, expiresAt: Date): UploadForm {
    return { uploadUrl: `${publicUrl}/v1/uploads`, uploadFields: { ...signUpload(signingKey, uploadId, expiresAt) } };
  }

  async function admit(fields: UploadFields): Promise<Upload> {
    if (!isSignedUpload(signingKey, fields))
      throw refused('The signature of the upload is wrong: send the fields exactly as they were given');
    if (Number(fields.expires) * 1000 <= clock.now().getTime())
      throw refused('The upload has expired; ask for a new upload URL');
    const upload = isUuid(fields.key) ? await store.builds.uploads.findAny(fields.key) : undefined;
    if (!upload || upload.state === 'removed' || upload.state === 'gone') throw notFound('Upload', fields.key);
    if (upload.state !== 'waiting') throw secondFile();
    return upload;
  }

  /** Of one whose file has not come whole; it may be sent again. */
  async function letGo(id: string): Promise<void> {
    try {
      await room.giveBack(id);
    } finally {
      arriving.delete(id);
    }
  }

  return {
    /** Of the file itself. */
    limitBytes: uploads.limitBytes,

    /**
     * A place for one file, for 15 minutes (contract §10.1). 400 for a region that is not offered, 429 while the organization has too many
     * or too much that no build was made of.
     */
    async createUrl(organization: OrganizationAccess, actor: Actor, wantedRegion?: string): Promise<UploadUrl> {
      const chosen = wantedRegion ?? (await regions.defaultOf(organization));
      await regions.check(organization.id, chosen);
      const now = clock.now();
      const upload = { id: ids.id(), organizationId: organization.id, region: chosen, createdAt: now };
      const expiresAt = new Date(now.getTime() + acceptForMs);
      const form =
        arrival.kind === 'there' ? await arrival.offer(upload.id, now, expiresAt) : ownForm(upload.id, expiresAt);
      await store.transaction(async (repos) => {
        // Nobody is told what is posted to a storage of its own: its form may take all that it lets through.
        const reservedBytes = arrival.kind === 'there' ? uploads.limitBytes : undefined;
        await room.checkNew(repos, organization, reservedBytes);
        await repos.builds.uploads.insert({ ...upload, expiresAt }, reservedBytes);
        // The upload itself carries no credential, only what is signed here.
        await audit.record(repos, actor, {
          action: 'build.upload_offered',
          organizationId: organization.id,
          target: upload.id,
        });
      });
      return { uploadId: upload.id, ...form, expiresAt: expiresAt.toISOString() };
    },

    /**
     * Takes one file. The fields are checked before the first byte of it is read: 403 for a wrong signature or an expired one,
     * 404, 409 for a second file, 429 where the organization has no room for it. `complete` puts the file in place, `abandon` leaves
     * nothing; one of them must be called.
     */
    async receive(
      fields: UploadFields,
      declaredBytes: number | undefined,
      source: AsyncIterable<Buffer>,
    ): Promise<{ complete(): Promise<UploadContent>; abandon(): Promise<void> }> {
      if (arrival.kind === 'there')
        throw new AppError(
          404,
          '404',
          'Uploads go to a storage of their own here: post to the uploadUrl that was given',
        );
      const upload = await admit(fields);
      const { id } = upload;
      if (declaredBytes !== undefined && declaredBytes > uploads.limitBytes + formOverheadBytes)
        throw tooLargeUpload(uploads.limitBytes);
      if (arriving.has(id)) throw secondFile();
      arriving.add(id);
      let staged: StagedUpload;
      try {
        await room.reserve(upload, Math.min(declaredBytes ?? uploads.limitBytes, uploads.limitBytes));
        staged = await arrival.stage(id, source);
      } catch (error) {
        await letGo(id);
        throw error;
      }
      return {
        async complete() {
          try {
            await staged.commit();
            if (!(await store.builds.uploads.complete(id, staged.content, clock.now()))) throw secondFile();
            return staged.content;
          } finally {
            arriving.delete(id);
          }
        },
        async abandon() {
          try {
            await staged.discard();
          } finally {
            await letGo(id);
          }
        },
      };
    },

    /**
     * What has arrived of an upload: that which is known, else that which lies in the storage, from then on kept as it is. Undefined
     * where nothing has come yet.
     */
    async contentOf(upload: Upload): Promise<UploadContent | undefined> {
      if (upload.content || arrival.kind === 'here') return upload.content;
      const found = await arrival.collect(upload.id);
      if (found && (await store.builds.uploads.complete(upload.id, found, clock.now()))) {
        // What stays is out of reach for all but the form's holder, and is not looked at again.
        await uploads.remove(upload.id, undefined).catch(() => undefined);
        return found;
      }
      // Somebody else was faster, perhaps with another file of the same form; the first that was looked at counts.
      const { content } = (await store.builds.uploads.find(upload.organizationId, upload.id)) ?? {};
      if (found && content && found.sha256 !== content.sha256) await uploads.remove(upload.id, found.sha256);
      return content;
    },

    /** Removes uploads that were let go of or no build was made of in time, and what an ended process left behind. Safe to repeat. */
    async sweep(): Promise<void> {
      const before = new Date(clock.now().getTime() - keepForMs);
      for (const { id, sha256 } of await store.builds.uploads.markExpired(before, [...arriving])) {
        await uploads.remove(id, sha256);
        await store.builds.uploads.markGone(id);
      }
      await store.builds.uploads.forgetGone(before);
      await uploads.removeLeftovers(before);
    },
  };
}
export type UploadService = ReturnType<typeof createUploadService>;

/** Fields, boundaries and part headers around the file. */
const formOverheadBytes = 64 * 1024;

const refused = (message: string) => new AppError(403, '403', message);
const secondFile = () =>
  conflict('This upload has received its file already; ask for a new upload URL to send another');

/** The fields of a form, all there and nothing else, or a 400 that names the first problem. */
export function readUploadFields(fields: ReadonlyMap<string, string>): UploadFields {
  const read = (name: keyof UploadFields): string => {
    const value = fields.get(name);
    if (value === undefined) {
      throw badRequest(
        `The file came before the field '${name}': send every upload field first, in the order given, and the file last`,
      );
    }
    return value;
  };
  const found = {
    key: read('key'),
    'Content-Type': read('Content-Type'),
    expires: read('expires'),
    signature: read('signature'),
  };
  if (found['Content-Type'] !== contextType) throw badRequest(`The field 'Content-Type' must be ${contextType}`);
  return found;
}
