import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter, Histogram, Registry } from 'prom-client';
import { AppError } from '../errors.js';
import type { EndReason, SessionEnds } from '../sessions/session-ends.js';
import type { SessionStarts } from '../sessions/session-starts.js';
import { addProcessMetrics } from './process-metrics.js';

/** From a request to the acceptance by an agent: warm starts take milliseconds, cold ones up to minutes. */
const startBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const requestBuckets = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10];

export type StartOutcome = 'started' | 'at_capacity' | 'refused' | 'failed';

/**
 * What Prometheus reads of this control plane. Labels have few values, all known beforehand: none names an organization, an agent or a
 * session, whose number has no bound.
 */
export function createMetrics() {
  const register = new Registry();
  const registers = [register];
  addProcessMetrics(register);
  const requests = new Counter({
    name: 'pipecat_cloud_http_requests_total',
    help: 'Answered HTTP requests, by who the route is for and by class of status',
    labelNames: ['api', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'pipecat_cloud_http_request_duration_seconds',
    help: 'From the request to the end of the answer; without streams, and without starts, which wait for agents',
    labelNames: ['api'],
    buckets: requestBuckets,
    registers,
  });
  const starts = new Counter({
    name: 'pipecat_cloud_session_starts_total',
    help: 'Starts of sessions by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const startDurations = new Histogram({
    name: 'pipecat_cloud_session_start_duration_seconds',
    help: 'From the request to the acceptance by an agent',
    buckets: startBuckets,
    registers,
  });
  const ends = new Counter({
    name: 'pipecat_cloud_session_ends_total',
    help: 'Ended sessions by reason',
    labelNames: ['reason'],
    registers,
  });
  const logLines = new Counter({ name: 'pipecat_cloud_log_lines_total', help: 'Stored lines of agents', registers });
  const logFailures = new Counter({
    name: 'pipecat_cloud_log_append_failures_total',
    help: 'Batches of log lines that could not be stored and are tried again',
    registers,
  });

  return {
    register,
    logLines,
    logFailures,

    /** Counts what every route answers. Call it before routes are added. */
    watch(http: FastifyInstance): void {
      http.addHook('onResponse', (request, reply, done) => {
        done();
        const api = apiOf(request);
        requests.inc({ api, status: `${Math.floor(reply.statusCode / 100)}xx` });
        if (!isLong(request)) durations.observe({ api }, reply.elapsedTime / 1000);
      });
    },

    /** The same starts, counted and timed. */
    countStarts(sessions: SessionStarts): SessionStarts {
      return {
        ...sessions,
        async start(agent, order) {
          const began = performance.now();
          try {
            const held = await sessions.start(agent, order);
            starts.inc({ outcome: 'started' });
            startDurations.observe((performance.now() - began) / 1000);
            return held;
          } catch (error) {
            starts.inc({ outcome: outcomeOf(error) });
            throw error;
          }
        },
      };
    },

    /** The same ends, counted. */
    countEnds(sessions: SessionEnds): SessionEnds {
      return {
        ...sessions,
        async end(ending) {
          const ended = await sessions.end(ending);
          if (ended) ends.inc({ reason: ending.reason satisfies EndReason });
          return ended;
        },
      };
    },
  };
}
export type Metrics = ReturnType<typeof createMetrics>;

function outcomeOf(error: unknown): StartOutcome {
  if (!(error instanceof AppError)) return 'failed';
  if (error.status === 429) return 'at_capacity';
  return error.status < 500 ? 'refused' : 'failed';
}

/** Who a route is for, by the credentials that it takes. */
function apiOf(request: FastifyRequest): string {
  const access = request.routeOptions.config?.access;
  if (!access) return 'none';
  const [kind] = access.kinds;
  if (kind === 'public' || kind === 'private' || kind === 'worker') return kind;
  return access.needs === 'anyone' ? 'open' : 'account';
}

const longRoutes = /\/(?:logs\/follow|start|sessions)$|\/sessions\/:id\/\*$/;

function isLong({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return longRoutes.test(url) && !(method === 'GET' && url.endsWith('/sessions'));
}
