import type { LogLevel } from '@pipecat-cloud/contract/log-levels';
import type { Secret } from '../../config/log-config.js';
import type { StoredLogLine } from '../log-store.js';
import type { LogSink } from './log-export.js';
import { postJson } from './post.js';

/** Numbers of the OpenTelemetry log data model. */
const severities: Readonly<Record<LogLevel, number>> = { DEBUG: 5, INFO: 9, WARNING: 13, ERROR: 17, CRITICAL: 21 };

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

/** An OpenTelemetry collector, by OTLP over HTTP with JSON. */
export function createOtlpSink({ url, authorization }: { url: string; authorization: Secret }): LogSink {
  return {
    name: 'the OpenTelemetry collector',
    batchBytes: 1024 * 1024,
    waitMs: 1000,
    async send({ organization, agent, agentId, lines }, signal) {
      const byInstance = Map.groupBy(lines, ({ instanceId }) => instanceId);
      const resourceLogs = [...byInstance.values()].map((some) => ({
        resource: {
          attributes: [
            text('service.name', agent),
            text('service.namespace', organization),
            text('service.version', some[0]?.deploymentId ?? ''),
            text('service.instance.id', some[0]?.instanceId ?? ''),
            text('pipecat.agent.id', agentId),
          ],
        },
        scopeLogs: [{ scope: { name: 'pipecat-cloud' }, logRecords: some.map(recordOf) }],
      }));
      await postJson({ resourceLogs }, { url: `${url}/v1/logs`, authorization, signal });
    },
  };
}

function recordOf({ time, level, text: body, sessionId, stream }: StoredLogLine) {
  return {
    timeUnixNano: `${Date.parse(time)}000000`,
    observedTimeUnixNano: `${Date.parse(time)}000000`,
    severityNumber: severities[level],
    severityText: level,
    body: { stringValue: body },
    attributes: [
      ...(sessionId === undefined ? [] : [text('session.id', sessionId)]),
      ...(stream === undefined ? [] : [text('log.iostream', stream)]),
    ],
  };
}
