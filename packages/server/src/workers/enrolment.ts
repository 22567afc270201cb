import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { parseToken } from '@pipecat-cloud/contract/token-format';
import { EnrolBody, Enrolled } from '@pipecat-cloud/contract/worker';
import { type CredentialDigests, mintCredential } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import { systemActor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import { writePrivateFile } from '../config/private-file.js';
import type { Store } from '../db/store.js';
import { notFound, unauthorized } from '../errors.js';
import { actorOfRequest } from '../http/request.js';
import type { Clock, Ids } from '../system.js';

interface EnrolmentDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
}
const lifetimeMs = 60 * 60 * 1000;

/** How a worker gets its credential: with a token that works once and for an hour. */
export function createEnrolment({ store, clock, ids, audit, digests }: EnrolmentDeps) {
  return {
    /** Leaves a fresh token where the worker of this machine looks for it, mode 600. */
    async offer(file: string): Promise<void> {
      const { value } = mintCredential(ids, 'enrolment');
      const now = clock.now();
      await store.transaction(async (repos) => {
        await repos.workers.insertEnrolment(
          ids.id(),
          digests.current(value).digest,
          now,
          new Date(now.getTime() + lifetimeMs),
        );
        await audit.record(repos, systemActor, { action: 'worker.enrolment-offered', organizationId: null });
      });
      await writePrivateFile(file, `${value}\n`);
    },

    /** A token for a machine of an organization's region, to be carried there by whoever asked for it. */
    async offerForRegion(
      actor: Actor,
      region: { id: string; organizationId: string; code: string },
    ): Promise<{ value: string; expiresAt: Date }> {
      const { value } = mintCredential(ids, 'enrolment');
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + lifetimeMs);
      await store.transaction(async (repos) => {
        if (!(await repos.regions.hold(region.organizationId, region.code))) throw notFound('Region', region.code);
        await repos.workers.insertEnrolment(ids.id(), digests.current(value).digest, now, expiresAt, region.id);
        await audit.record(repos, actor, {
          action: 'worker.enrolment-offered',
          organizationId: region.organizationId,
          target: region.code,
        });
      });
      return { value, expiresAt };
    },

    async enrol(actor: Actor, body: EnrolBody): Promise<Enrolled> {
      if (parseToken(body.token)?.kind !== 'enrolment') throw refused();
      const { value } = mintCredential(ids, 'worker');
      const { digest, pepperId } = digests.current(value);
      const workerId = ids.id();
      await store.transaction(async (repos) => {
        const now = clock.now();
        const used = await repos.workers.useEnrolment(digests.candidates(body.token), now);
        if (!used) throw refused();
        const { regionId } = used;
        const region = regionId === null ? undefined : await repos.regions.holdById(regionId);
        // The region was deleted, and with it the right to serve it.
        if (regionId !== null && !region) throw refused();
        await repos.workers.insert({ id: workerId, name: body.name, digest, pepperId, regionId }, now);
        await audit.record(repos, actor, {
          action: 'worker.enrolled',
          organizationId: region?.organizationId ?? null,
          target: workerId,
          detail: { name: body.name, ...(region ? { region: region.code } : {}) },
        });
      });
      return { workerId, credential: value };
    },
  };
}
export type Enrolment = ReturnType<typeof createEnrolment>;

const refused = () =>
  unauthorized(
    'unknown_token',
    'This enrolment token is unknown, used or too old. Ask for a fresh one: for a region of an organization, where its regions are managed; for the installation itself, by restarting the control plane',
  );

export const enrolmentRoutes: FastifyPluginAsyncTypebox<{ enrolment: Enrolment; throttle: Throttle }> = async (
  app,
  { enrolment, throttle },
) => {
  app.post(
    '/v1/workers/enrol',
    { schema: { body: EnrolBody, response: { 200: Enrolled, '4xx': ErrorEnvelope } } },
    async (request, reply) => {
      throttle.check(request.ip);
      void reply.header('cache-control', 'no-store');
      try {
        return await enrolment.enrol(actorOfRequest(request), request.body);
      } catch (error) {
        throttle.fail(request.ip);
        throw error;
      }
    },
  );
};
