import type { Secret } from '../../config/log-config.js';
import type { LogSink } from './log-export.js';
import { postJson } from './post.js';

interface LokiOptions {
  url: string;
  tenant: string | undefined;
  authorization: Secret;
}

/**
 * Grafana Loki, by its push API. Labels are few and of few values (organization, agent, level), as Loki wants them; deployment,
 * session, instance and stream come as structured metadata (Loki 3.0 and later; earlier ones need it allowed).
 */
export function createLokiSink({ url, tenant, authorization }: LokiOptions): LogSink {
  return {
    name: 'Loki',
    batchBytes: 1024 * 1024,
    waitMs: 1000,
    async send({ organization, agent, lines }, signal) {
      const streams = new Map<string, { stream: Record<string, string>; values: unknown[] }>();
      for (const { level, time, text, deploymentId, instanceId, sessionId, stream } of lines) {
        const entry = streams.get(level) ?? {
          stream: { job: 'pipecat-cloud', organization, agent, level },
          values: [],
        };
        streams.set(level, entry);
        const metadata = {
          deployment_id: deploymentId,
          instance_id: instanceId,
          ...(sessionId === undefined ? {} : { session_id: sessionId }),
          ...(stream === undefined ? {} : { stream }),
        };
        entry.values.push([`${Date.parse(time)}000000`, text, metadata]);
      }
      const headers = tenant === undefined ? {} : { 'x-scope-orgid': tenant };
      await postJson(
        { streams: [...streams.values()] },
        { url: `${url}/loki/api/v1/push`, headers, authorization, signal },
      );
    },
  };
}
