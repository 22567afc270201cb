import type { FastifyBaseLogger } from 'fastify';
import { createPeriodic } from '../periodic.js';
import type { UploadService } from './upload-service.js';

interface UploadSweeperDeps {
  uploads: Pick<UploadService, 'sweep'>;
  log: Pick<FastifyBaseLogger, 'error'>;
  intervalMs?: number;
}

/** Removes uploads that nobody made a build of, at the start and every ten minutes. */
export function createUploadSweeper({ uploads, log, intervalMs = 600_000 }: UploadSweeperDeps) {
  return createPeriodic({
    run: () => uploads.sweep(),
    intervalMs,
    onError: (err) => log.error({ err }, 'expired uploads could not be removed'),
  });
}
