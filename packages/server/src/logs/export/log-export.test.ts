import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createS3Client } from '../../builds/s3-client.js';
import { fakeS3Bucket, fakeS3Region, startFakeS3 } from '../../testing/fake-s3.js';
import { fakeS3Key } from '../../testing/fake-s3-signature.js';
import { createFileLogStore } from '../file-log-store.js';
import type { LogStore } from '../log-store.js';
import { openExportPlaces } from './export-places.js';
import { createLogExport, type ExportBatch, LinesRefused, type LogExport, type LogSink } from './log-export.js';
import { createLokiSink } from './loki-sink.js';
import { createOtlpSink } from './otlp-sink.js';
import { createS3Sink } from './s3-sink.js';

const agentId = '11111111-1111-4111-8111-111111111111';
const otherAgentId = '22222222-2222-4222-8222-222222222222';
const source = { agentId, deploymentId: 'd-1', instanceId: 'i-1' };
const until = (look: () => void) => vi.waitFor(look, { timeout: 60_000, interval: 5 });
const never = new AbortController().signal;
const line = (position: number, more: object = {}) => ({
  position,
  time: new Date(Date.UTC(2026, 4, 4, 10, 0, 0, position)).toISOString(),
  text: `line ${position}`,
  ...more,
});

let folder: string;
let logs: LogStore;
let exports: LogExport[];
const warnings: unknown[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  logs = createFileLogStore({ directory: join(folder, 'logs'), segmentBytes: 2000 });
  exports = [];
  warnings.length = 0;
});
afterEach(async () => {
  await Promise.all(exports.map((one) => one.close()));
  await logs.close();
  await rm(folder, { recursive: true, force: true });
});

const log = { warn: (fields: unknown) => void warnings.push(fields), info: () => undefined };

async function open(
  sink: Partial<LogSink> & Pick<LogSink, 'send'>,
  since: [string, string][] = [],
): Promise<LogExport> {
  const one = createLogExport({
    sink: { name: 'a test', batchBytes: 500, waitMs: 1, ...sink },
    logs,
    places: await openExportPlaces(
      join(folder, 'places.json'),
      log,
      async () => since,
      () => true,
    ),
    agentOf: async (id) => (id === agentId ? { organization: 'acme', agent: 'bot', agentId } : undefined),
    log,
    retryMs: 2,
  });
  exports.push(one);
  one.start();
  return one;
}

describe('an export', () => {
  test('sends every line once, in order and in batches, also those that come later', async () => {
    const sent: ExportBatch[] = [];
    for (let position = 1; position <= 100; position++) await logs.append(source, [line(position)]);
    await open({ send: async (batch) => void sent.push(batch) });
    const texts = () => sent.flatMap(({ lines }) => lines.map(({ text }) => text));
    await until(() => expect(texts()).toHaveLength(100));
    await logs.append(source, [line(101)]);
    await until(() => expect(texts().at(-1)).toBe('line 101'));
    expect(texts()).toEqual(Array.from({ length: 101 }, (_, index) => `line ${index + 1}`));
    expect(sent.length).toBeGreaterThan(2);
    expect(sent[0]).toMatchObject({ organization: 'acme', agent: 'bot', agentId });
    expect(sent[1]?.from).toBe(sent[0]?.to);
  });

  test('tries again what was not taken, says so after a while, and goes on where it was after a restart', async () => {
    const sent: string[] = [];
    let broken = true;
    const send = async ({ lines }: ExportBatch) => {
      if (broken) throw new Error('the receiver is down');
      sent.push(...lines.map(({ text }) => text));
    };
    await logs.append(source, [line(1), line(2)]);
    const first = await open({ send });
    await until(() => expect(first.warnings()).toHaveLength(1));
    expect(first.warnings()[0]?.text).toContain('the receiver is down');
    broken = false;
    await until(() => expect(sent).toEqual(['line 1', 'line 2']));
    await until(() => expect(first.warnings()).toEqual([]));
    await first.close();
    await logs.append(source, [line(3)]);
    await open({ send });
    await until(() => expect(sent).toEqual(['line 1', 'line 2', 'line 3']));
  });

  test('that cannot list the logs at its start says so and tries again', async () => {
    await logs.append(source, [line(1)]);
    const listing = vi.spyOn(logs, 'agents').mockRejectedValue(new Error('too many open files'));
    const sent: string[] = [];
    const one = await open({ send: async ({ lines }) => void sent.push(...lines.map(({ text }) => text)) });
    await until(() => expect(one.warnings()[0]?.text).toContain('too many open files'));
    expect(warnings[0]).toMatchObject({ failures: 1, err: { message: 'too many open files' } });
    listing.mockRestore();
    await until(() => expect(sent).toEqual(['line 1']));
    expect(one.warnings()).toEqual([]);
  });

  test('leaves out what its receiver refuses for good, and what belongs to nobody any more', async () => {
    const sent: string[] = [];
    await logs.append({ ...source, agentId: otherAgentId }, [line(1)]);
    await logs.append(source, [line(1, { text: 'bad' })]);
    await open({
      send: async ({ lines }) => {
        if (lines.some(({ text }) => text === 'bad')) throw new LinesRefused('400: bad');
        sent.push(...lines.map(({ text }) => text));
      },
    });
    await until(() => expect(warnings).toHaveLength(1));
    await logs.append(source, [line(2)]);
    await until(() => expect(sent).toEqual(['line 2']));
  });

  test('that is turned on sends what comes from then on, and not a month of lines', async () => {
    await logs.append(source, [line(1)]);
    const [newest] = (await logs.read({ agentId, limit: 1, offset: 0, order: 'desc' })).lines;
    const sent: string[] = [];
    await open({ send: async ({ lines }) => void sent.push(...lines.map(({ text }) => text)) }, [
      [agentId, newest?.cursor ?? ''],
    ]);
    await logs.append(source, [line(2)]);
    await until(() => expect(sent).toEqual(['line 2']));
    expect(JSON.parse(await readFile(join(folder, 'places.json'), 'utf8'))).toHaveProperty(agentId);
  });

  test('says when lines were given up before it could send them', async () => {
    const sent: ExportBatch[] = [];
    for (let position = 1; position <= 60; position++) await logs.append(source, [line(position)]);
    const first = await open({ send: async () => Promise.reject(new Error('down')) }, [[agentId, '1.0']]);
    await until(() => expect(first.warnings()).toHaveLength(1));
    await logs.prune({ now: new Date(), limitsOf: () => ({ maxBytes: 3000 }), totalBytes: 0 });
    await first.close();
    await open({ send: async (batch) => void sent.push(batch) });
    await until(() => expect(sent.length).toBeGreaterThan(0));
    expect(warnings.length).toBeGreaterThan(1);
  });
});

describe('receivers', () => {
  const batch = async (): Promise<ExportBatch> => {
    await logs.append(source, [
      line(1, { level: 'ERROR', sessionId: 's-1', stream: 'stderr' }),
      line(2, { level: 'INFO' }),
    ]);
    const { lines } = await logs.read({ agentId, limit: 10, offset: 0, order: 'asc' });
    return { organization: 'acme', agent: 'bot', agentId, lines, from: '1.0', to: '1.z' };
  };

  /** Keeps what it is posted, and answers as it is told. */
  async function receiver() {
    interface OtlpBody {
      resourceLogs: { resource: { attributes: unknown[] }; scopeLogs: { logRecords: unknown[] }[] }[];
    }
    const got: { url: string | undefined; headers: Record<string, unknown>; body: OtlpBody }[] = [];
    let status = 204;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as OtlpBody;
      got.push({ url: request.url, headers: request.headers, body });
      response.writeHead(status).end(status >= 400 ? 'no' : undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      got,
      answer: (next: number) => {
        status = next;
      },
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => server.close(),
    };
  }
  const authorization = async () => 'Bearer secret';

  test('Loki gets a stream for each level, with few labels and the rest as metadata', async () => {
    const { got, url, close } = await receiver();
    await createLokiSink({ url, tenant: 'team', authorization }).send(await batch(), never);
    close();
    expect(got[0]?.url).toBe('/loki/api/v1/push');
    expect(got[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-scope-orgid': 'team' });
    const labels = { job: 'pipecat-cloud', organization: 'acme', agent: 'bot' };
    const metadata = { deployment_id: 'd-1', instance_id: 'i-1' };
    expect(got[0]?.body).toEqual({
      streams: [
        {
          stream: { ...labels, level: 'ERROR' },
          values: [['1777888800001000000', 'line 1', { ...metadata, session_id: 's-1', stream: 'stderr' }]],
        },
        { stream: { ...labels, level: 'INFO' }, values: [['1777888800002000000', 'line 2', metadata]] },
      ],
    });
  });

  test('an OpenTelemetry collector gets log records with severity, session and stream', async () => {
    const { got, url, close } = await receiver();
    await createOtlpSink({ url, authorization }).send(await batch(), never);
    close();
    expect(got[0]?.url).toBe('/v1/logs');
    const [resource] = got[0]?.body.resourceLogs ?? [];
    expect(resource?.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'bot' } });
    expect(resource?.scopeLogs[0]?.logRecords[0]).toMatchObject({
      ...{ timeUnixNano: '1777888800001000000', severityNumber: 17, severityText: 'ERROR' },
      body: { stringValue: 'line 1' },
      attributes: [
        { key: 'session.id', value: { stringValue: 's-1' } },
        { key: 'log.iostream', value: { stringValue: 'stderr' } },
      ],
    });
  });

  test.each([
    [503, false],
    [429, false],
    [401, false],
    [400, true],
    [413, true],
  ])('an answer of %i is final: %s', async (status, final) => {
    const { answer, url, close } = await receiver();
    answer(status);
    const error = await createOtlpSink({ url, authorization })
      .send(await batch(), never)
      .catch((cause: unknown) => cause as Error);
    close();
    expect(error).toBeInstanceOf(Error);
    expect(error instanceof LinesRefused).toBe(final);
    expect((error as Error).message).toContain(String(status));
    expect((error as Error).message).not.toContain('secret');
  });

  test('a bucket gets gzipped JSON lines, and the same object for the same lines', async () => {
    const s3 = await startFakeS3({ now: () => new Date() });
    const bucketUrl = `${s3.url}/${fakeS3Bucket}`;
    const client = createS3Client({ bucketUrl, region: fakeS3Region }, async () => fakeS3Key);
    const sink = createS3Sink(() => client, 'logs');
    const some = await batch();
    await sink.send(some, never);
    await sink.send(some, never);
    const objects = [...s3.objects];
    await s3.close();
    expect(objects.map(([key]) => key)).toEqual([`logs/acme/bot/${agentId}/2026-05-04/100000-1.0-1.z.jsonl.gz`]);
    const text = gunzipSync(objects[0]?.[1].bytes ?? Buffer.alloc(0)).toString();
    expect(
      text
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one)),
    ).toMatchObject([
      { log: 'line 1', level: 'ERROR', sessionId: 's-1' },
      { log: 'line 2', level: 'INFO' },
    ]);
  });
});
