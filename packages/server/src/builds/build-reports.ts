import type { Repositories, Store } from '../db/store.js';
import type { LeakSites } from '../leaks/leak-sites.js';
import type { Clock } from '../system.js';
import type { BuildLogLine } from './build-log-repository.js';

interface BuildReportsDeps {
  store: Store;
  clock: Clock;
  /** Lines kept of one build; the rest is dropped and the last line says so. */
  lineLimit?: number;
  leaks?: { sites: Pick<LeakSites, 'inLines'> };
}

const lineLengthLimit = 16_000;
/** After every position that a worker can send. */
const lastPosition = Number.MAX_SAFE_INTEGER;

/**
 * What workers report of a build. Reports come at least once and may be repeated or late; each of these may be called again with
 * the same values and changes nothing then. A build that is not known, is finished, or has been given to another worker than `from` is passed
 * over.
 */
export function createBuildReports({ store, clock, lineLimit = 50_000, leaks }: BuildReportsDeps) {
  return {
    /** `at` is ISO 8601, from the worker's clock. */
    async buildStarted(buildId: string, at: string, from?: string): Promise<void> {
      if (!(await concerns(store, buildId, from))) return;
      await store.builds.start(buildId, dateOf(at, clock), clock.now());
    },

    /** Lines are told apart by position. Of a build with too many, the first are kept. */
    async buildLines(buildId: string, lines: readonly BuildLogLine[], from?: string): Promise<void> {
      if (lines.length === 0) return;
      await store.transaction(async (repos) => {
        const { builds } = repos;
        if (!(await concerns(repos, buildId, from))) return;
        const positions = lines.map(({ position }) => position);
        const known = await builds.lines.positions(buildId, Math.min(...positions), Math.max(...positions));
        const fresh = [...new Map(lines.map((line) => [line.position, line])).values()]
          .filter(({ position }) => !known.has(position))
          .sort((a, b) => a.position - b.position);
        const room = Math.max(0, lineLimit - 1 - (await builds.lines.count(buildId)));
        await builds.lines.insert(
          buildId,
          fresh.slice(0, room).map(({ position, text }) => ({ position, text: storable(text) })),
        );
        if (fresh.length > room)
          await builds.lines.insert(buildId, [{ position: lastPosition, text: cutNote(lineLimit) }]);
      });
      await leaks?.sites.inLines({ kind: 'build', buildId }, lines);
    },

    /** Only an open build is finished, so the first outcome stays. `message` is shown to the user unless it succeeded. */
    async buildFinished(
      buildId: string,
      outcome: 'success' | 'failed' | 'timeout',
      message: string | undefined,
      at: string,
      { imageSizeBytes, from }: { imageSizeBytes?: number | undefined; from?: string } = {},
    ): Promise<void> {
      if (!(await concerns(store, buildId, from))) return;
      const errorMessage = outcome === 'success' ? null : storable(message || defaultMessages[outcome]);
      await store.builds.finish(buildId, {
        status: outcome,
        errorMessage,
        imageSizeBytes: outcome === 'success' ? imageSizeBytes : undefined,
        at: dateOf(at, clock),
        now: clock.now(),
      });
    },
  };
}

/** Whether a worker may speak of the build: one that was given to another in the meantime is that one's alone. */
async function concerns({ builds }: Pick<Repositories, 'builds'>, buildId: string, from?: string): Promise<boolean> {
  const build = await builds.findAny(buildId);
  return build !== undefined && (from === undefined || build.workerId === undefined || build.workerId === from);
}

const defaultMessages = {
  failed: 'The build failed; its logs say why',
  timeout: 'The build took longer than it may; its logs say how far it came',
};

const cutNote = (lineLimit: number) => `[This build wrote more than ${lineLimit - 1} lines; the rest was not kept]`;

/** PostgreSQL takes no NUL in a text, and a line must not be a file. */
function storable(text: string): string {
  const cut = text.length > lineLengthLimit ? `${text.slice(0, lineLengthLimit)}…` : text;
  return cut.replaceAll('\0', '\uFFFD');
}

function dateOf(at: string, clock: Clock): Date {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? clock.now() : date;
}
