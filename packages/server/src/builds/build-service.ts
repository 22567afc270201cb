import {
  type BuildQuery,
  type CreateBuildBody,
  contextEntryLimit,
  contextSizeLimitBytes,
} from '@pipecat-cloud/contract/builds';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, badRequest, conflict, notFound, tooManyRequests } from '../errors.js';
import type { Leaks } from '../leaks/compose-leaks.js';
import type { SecretService } from '../secrets/secret-service.js';
import type { Clock, Ids } from '../system.js';
import { createFairTurns } from '../turns.js';
import { isUuid } from '../uuid.js';
import type { BuildLogLine } from './build-log-repository.js';
import { makersOf } from './build-makers.js';
import { createBuildReports } from './build-reports.js';
import type { BuildIdentity } from './build-repository.js';
import type { StoredBuild } from './build-row.js';
import { checkBuildSets } from './build-sets.js';
import type { BuildPlace } from './builder.js';
import type { ContextLimits } from './context-entries.js';
import { createStoredContextCheck, missingUpload } from './stored-context-check.js';
import type { Upload, UploadContent } from './upload-repository.js';
import type { UploadService } from './upload-service.js';
import type { StoredContext, UploadStore } from './upload-store.js';

interface BuildServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  /** Where uploaded files lie. */
  files: Pick<UploadStore, 'open'>;
  uploads: Pick<UploadService, 'contentOf'>;
  /** Told when there is a new build. */
  queue: { nudge(): void };
  /** Lets a worker break off what it builds. */
  forgetNow: (workerId: string, buildId: string) => void;
  secrets: Pick<SecretService, 'readiness'>;
  /** Builds that an organization may have under way. */
  openLimit?: number;
  contextLimits?: ContextLimits;
  /** Time to read one context through. */
  contextReadMs?: number;
  /** Lines kept of one build. */
  lineLimit?: number;
  leaks?: Pick<Leaks, 'watch' | 'sites'>;
}

export interface BuildAnswer {
  build: StoredBuild;
  cached: boolean;
}

/** Contexts that are read through at a time: each keeps this process busy for as long as it takes to unpack. */
const checksAtOnce = 2;
const defaultLimits: ContextLimits = { sizeBytes: contextSizeLimitBytes, entries: contextEntryLimit };

/** Builds of organizations; what workers report of them is `createBuildReports`, whose functions are here too. */
export function createBuildService(deps: BuildServiceDeps) {
  const { store, clock, ids, audit, files, uploads, queue, contextLimits = defaultLimits, leaks } = deps;
  const { openLimit = 50, forgetNow, contextReadMs = 300_000 } = deps;
  const inTurn = createFairTurns(checksAtOnce);
  const checkStored = createStoredContextCheck({ store, files, limits: contextLimits, readMs: contextReadMs });

  /** The upload with its content, or a 400 that says what to do (contract §10.3). */
  async function uploadOf(
    organization: OrganizationAccess,
    body: CreateBuildBody,
  ): Promise<Upload & { content: UploadContent }> {
    const found = isUuid(body.uploadId) ? await store.builds.uploads.find(organization.id, body.uploadId) : undefined;
    if (!found) throw missingUpload();
    // One that was let go of is answered as before, for as long as that needs no file of it.
    const kept = found.state !== 'removed' && found.state !== 'gone';
    const content = kept ? await uploads.contentOf(found) : found.content;
    if (!content && !kept) throw missingUpload();
    if (!content)
      throw badRequest(
        'The upload has not received its file yet; post the file to the uploadUrl, then create the build',
      );
    if (body.region !== undefined && body.region !== found.region) {
      throw badRequest(
        `The upload is for region '${found.region}', the build for '${body.region}': both must be in the same region`,
      );
    }
    return { ...found, content };
  }

  /**
   * The build that answers for these files without a new one: that under way, or a successful one. Undefined where one may be made, 429
   * where the organization has too many under way.
   */
  async function standing(
    repos: Pick<Repositories, 'builds'>,
    organizationId: string,
    identity: BuildIdentity,
  ): Promise<BuildAnswer | undefined> {
    // In this order one that ends between the two is found all the same.
    const open = await repos.builds.findOpen(organizationId, identity);
    if (open) return { build: open, cached: false };
    const cached = await repos.builds.findCached(organizationId, identity);
    if (cached && (await repos.builds.touch(cached.id, clock.now()))) return { build: cached, cached: true };
    if ((await repos.builds.countOpen(organizationId)) < openLimit) return undefined;
    throw tooManyRequests(
      `The organization has ${openLimit} builds under way; wait for one of them, or cancel one`,
      30,
    );
  }

  /** Puts this build under way, unless another answers by now. */
  async function insertOrJoin(repos: Repositories, actor: Actor, build: StoredBuild, warnings: BuildLogLine[]) {
    const { organizationId, secretSet, imagePullSecretSet } = build;
    const named = secretSet !== undefined || imagePullSecretSet !== undefined;
    const detail = named ? { detail: { secretSet, imagePullSecretSet } } : {};
    // Of many who ask at once, each finds what those before it have made.
    if (!(await repos.organizations.lock(organizationId))) throw missingUpload();
    const answer = await standing(repos, organizationId, build);
    if (answer) return answer;
    if (!(await repos.builds.insert(build))) throw conflict('A build of the same files has just begun; ask again');
    if (!(await repos.builds.uploads.use(organizationId, build.uploadId))) throw missingUpload();
    await repos.builds.lines.insert(build.id, warnings);
    await audit.record(repos, actor, { action: 'build.created', organizationId, target: build.id, ...detail });
    return { build, cached: false };
  }

  /** In its turn: what answered before it is not read through again. */
  async function make(actor: Actor, upload: Upload & { content: UploadContent }, identity: BuildIdentity) {
    const { organizationId } = upload;
    const before = await standing(store, organizationId, identity);
    if (before) return before;
    const credentials = await checkStored(upload, identity.contextSha256, identity.dockerfilePath);
    const now = clock.now();
    const created: StoredBuild = {
      ...identity,
      id: ids.id(),
      organizationId,
      uploadId: upload.id,
      contextSizeBytes: upload.content.sizeBytes,
      status: 'pending',
      workerId: undefined,
      errorMessage: undefined,
      imageSizeBytes: undefined,
      createdAt: now,
      startedAt: undefined,
      completedAt: undefined,
      updatedAt: now,
      removedAt: undefined,
    };
    const answer = await store.transaction((repos) => insertOrJoin(repos, actor, created, credentials.warnings()));
    if (leaks) credentials.report(leaks.watch, organizationId, answer.build.id);
    queue.nudge();
    return answer;
  }

  return {
    ...createBuildReports(deps),

    /**
     * A build of an uploaded context. The successful build of the same files is returned instead where there is one (`cached`),
     * and whoever asks for the same while it is under way gets that (contract §10.3); neither keeps the upload. 429 while the
     * organization has too many under way. Nothing is begun for a caller who is `gone` while others are before it.
     */
    async create(
      organization: OrganizationAccess,
      actor: Actor,
      body: CreateBuildBody,
      gone?: AbortSignal,
    ): Promise<BuildAnswer> {
      const dockerfilePath = checkedPath(body.dockerfilePath ?? 'Dockerfile');
      const upload = await uploadOf(organization, body);
      const { contextHash, sha256: contextSha256 } = upload.content;
      const { secretSet, imagePullSecretSet } = body;
      const { region } = upload;
      const identity = { region, contextHash, contextSha256, dockerfilePath, secretSet, imagePullSecretSet };
      await checkBuildSets(deps, organization, region, body);
      const answer =
        (await standing(store, organization.id, identity)) ??
        (await inTurn(organization.id, () => make(actor, upload, identity), gone));
      if (answer.build.uploadId !== upload.id) await store.builds.uploads.release(organization.id, upload.id);
      return answer;
    },

    makersOf: (organizationId: string, builds: readonly StoredBuild[]) => makersOf(store, organizationId, builds),

    /** Newest first. Filters combine. */
    async list(organizationId: string, query: BuildQuery) {
      const { limit = 20, offset = 0, ...filter } = query;
      // No build has such a value, and PostgreSQL takes no NUL in a text.
      const impossible = Object.values(filter).some((value) => value.includes('\0'));
      const found = impossible
        ? { builds: [], total: 0 }
        : await store.builds.list(organizationId, filter, { limit, offset });
      return { ...found, limit, offset };
    },

    /** 404 for an unknown build and for another organization's alike. */
    async get(organizationId: string, id: string): Promise<StoredBuild> {
      const build = isUuid(id) ? await store.builds.find(organizationId, id) : undefined;
      if (!build) throw notFound('Build', id);
      return build;
    },

    /** Ends a build that is under way: it has then failed, and its message says why. 409 for one that has ended otherwise. */
    async cancel(organization: OrganizationAccess, actor: Actor, id: string): Promise<StoredBuild> {
      const build = await this.get(organization.id, id);
      const now = clock.now();
      const ended = await store.transaction(async (repos) => {
        const end = { status: 'failed', errorMessage: cancelled, at: now, now } as const;
        if (!(await repos.builds.finish(build.id, end))) return false;
        await audit.record(repos, actor, {
          action: 'build.cancelled',
          organizationId: organization.id,
          target: build.id,
        });
        return true;
      });
      const after = await this.get(organization.id, id);
      if (!ended && after.errorMessage !== cancelled)
        throw conflict(`Build '${id}' has ended already: its status is '${after.status}'`);
      if (ended && after.workerId !== undefined) forgetNow(after.workerId, after.id);
      return after;
    },

    /** Lines of a build, first line first; empty before it starts. */
    async logs(
      organizationId: string,
      id: string,
      { limit = 500, offset = 0 }: { limit?: number; offset?: number },
    ): Promise<string[]> {
      const build = await this.get(organizationId, id);
      return await store.builds.lines.list(build.id, { limit, offset });
    },

    /**
     * The build that a deployment names: 404 when the organization has no such build, 400 when it is not successful, naming its
     * status. The region is for the caller to compare. Inside a transaction, hand its repositories in.
     */
    async findUsable(
      organizationId: string,
      buildId: string,
      repos: Pick<Repositories, 'builds'> = store,
    ): Promise<StoredBuild> {
      const build = isUuid(buildId) ? await repos.builds.find(organizationId, buildId) : undefined;
      if (!build)
        throw new AppError(
          404,
          '404',
          'There is no such build in this organization; create one from your sources, then deploy it',
        );
      if (build.status !== 'success') {
        const why = build.errorMessage === undefined ? '' : ` (${build.errorMessage})`;
        throw badRequest(`Build '${buildId}' cannot be deployed: its status is '${build.status}', not 'success'${why}`);
      }
      if (!(await repos.builds.touch(build.id, clock.now()))) {
        throw badRequest(
          `Build '${buildId}' was removed, since nothing had used it for a long time; deploy from source, which builds it again`,
        );
      }
      return build;
    },

    /**
     * The files of a build, for workers: of any organization's, but one that has a `scope` gets those of its own alone. 404 when the
     * build or its file is not there.
     */
    async openContext(buildId: string, scope?: BuildPlace): Promise<StoredContext & { sha256: string }> {
      const found = isUuid(buildId) ? await store.builds.findAny(buildId) : undefined;
      const own =
        scope === undefined || (found?.organizationId === scope.organizationId && found.region === scope.region);
      const build = own ? found : undefined;
      const stored = build && (await files.open(build.uploadId, build.contextSha256));
      if (!build || !stored) throw notFound('Context of build', buildId);
      return { ...stored, sha256: build.contextSha256 };
    },
  };
}
export type BuildService = ReturnType<typeof createBuildService>;

const cancelled = 'The build was cancelled';

/**
 * A path below the context's root; kept as it was given, because clients look builds up by it. What a container engine would read as a list
 * of files, as an address or as no name at all is none.
 */
function checkedPath(path: string): string {
  const segments = path.split('/');
  const namesNone = segments.every((segment) => segment === '' || segment === '.');
  if (namesNone || path.startsWith('/') || segments.includes('..') || /[\\\p{Cc}]|^\s*\[|:\/\//u.test(path)) {
    throw badRequest(
      "dockerfilePath must be a path inside the build context, such as 'Dockerfile' or 'docker/Dockerfile'",
    );
  }
  return path;
}
