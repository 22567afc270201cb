import type { Service } from '@pipecat-cloud/contract/agents';
import type { Answer, Route } from './server.js';
import { build, service } from './service.js';

export const org = '/v1/organizations/acme';
export const missing: Answer = { status: 404, json: { error: 'No such agent', code: '404' } };
export const wrapped = (changes: Partial<Service> = {}): Answer => ({ json: { body: service(changes) } });

/** Each answer once, the last for good. */
export function sequence(...answers: Answer[]): () => Answer {
  let at = 0;
  return () => answers[Math.min(at++, answers.length - 1)] ?? { status: 500, json: {} };
}

/** What the server says of a set that is there: values are listed of one kind, the other is not shown. */
export const secretSet: Answer = { json: { secrets: [], region: 'local', status: 'ready' } };
export const pullSet: Answer = { status: 400, json: { error: 'An image pull secret', code: '400' } };

/** A server on which the first deploy of `bot` goes well: it builds in two polls and is ready at once. */
export function deployRoutes(host: string): Record<string, Route> {
  return {
    [`GET ${org}/properties`]: { json: { properties: { defaultRegion: 'local' } } },
    [`GET ${org}/regions`]: { json: { regions: [{ code: 'local', display_name: 'Here' }] } },
    [`GET ${org}/services/bot`]: sequence(missing, wrapped()),
    [`POST ${org}/services`]: { json: service({ ready: false }) },
    [`PUT ${org}/services`]: { json: service({ ready: false }) },
    [`GET ${org}/builds`]: { json: { builds: [], total: 0, limit: 1, offset: 0 } },
    [`POST ${org}/builds/upload-url`]: {
      json: {
        uploadId: 'upl_1',
        uploadUrl: `${host}/upload`,
        uploadFields: { key: 'acme/upl_1.tar.gz', zeta: 'last "quoted"', alpha: 'umlaut ü' },
        expiresAt: '2026-04-20T10:15:00.000Z',
      },
    },
    'POST /upload': { status: 204, text: '' },
    [`POST ${org}/builds`]: { json: { build: build({ status: 'pending' }), contextHash: 'x', cached: false } },
    [`GET ${org}/builds/bld_1`]: sequence(
      { json: { build: build({ status: 'building' }) } },
      { json: { build: build() } },
    ),
    [`GET ${org}/builds/bld_1/logs`]: ({ url }) => {
      const offset = Number(new URL(url, 'http://x').searchParams.get('offset'));
      return { json: { logs: ['step one', 'step two', 'done'].slice(offset, offset === 0 ? 2 : 3) } };
    },
  };
}
