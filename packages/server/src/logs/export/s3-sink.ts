import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { S3Client } from '../../builds/s3-client.js';
import { presentLine } from '../log-wire.js';
import type { LogSink } from './log-export.js';

const compress = promisify(gzip);

/**
 * Objects of gzipped JSON lines in a bucket: `{prefix}/{organization}/{agent}/{agent id}/{date}/{time}-{cursors}.jsonl.gz`. The key says
 * which lines it holds, so that sending a batch again writes the same object.
 */
export function createS3Sink(client: () => Promise<Pick<S3Client, 'put'>>, prefix: string): LogSink {
  return {
    name: 'the bucket',
    batchBytes: 8 * 1024 * 1024,
    // Objects cost a request each: rather few and late ones.
    waitMs: 60_000,
    async send({ organization, agent, agentId, lines, from, to }, signal) {
      const [date = '', time = ''] = (lines[0]?.time ?? '').split('T');
      const name = `${time.slice(0, 8).replaceAll(':', '')}-${from}-${to}.jsonl.gz`;
      const key = [prefix, organization, agent, agentId, date, name].join('/');
      const text = lines.map((line) => `${JSON.stringify(presentLine(line))}\n`).join('');
      await (await client()).put(key, await compress(text), 'application/gzip', signal);
    },
  };
}
