import { routeAccess } from '@pipecat-cloud/contract/permissions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Harness, harness } from '../testing/harness.js';

let server: Harness;
beforeAll(async () => {
  server = await harness();
});
afterAll(() => server.end());

interface Operation {
  description: string;
  security: Record<string, unknown>[];
  responses: Record<string, unknown>;
  requestBody?: unknown;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

test('the API document has every route of the API with what it needs and what it answers', async () => {
  const { status, body } = await server.call(undefined, 'GET', '/v1/openapi.json');
  expect(status).toBe(200);
  const { openapi, paths } = body as Document;
  expect(openapi).toMatch(/^3\.1/);
  for (const [route, { needs, kinds }] of Object.entries(routeAccess)) {
    const [method = '', url = ''] = route.split(' ');
    if (!url.startsWith('/v1/') || /^\/v1\/(workers|openapi|public|uploads)/.test(url)) continue;
    const operation = paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect(operation, route).toBeDefined();
    if (needs !== 'anyone' && needs !== 'live') expect(operation?.description, route).toContain(needs);
    const accepted = (operation?.security ?? []).flatMap((entry) => Object.keys(entry));
    expect(accepted, route).toEqual(kinds.filter((kind) => kind !== 'session' && kind !== 'worker'));
    expect(Object.keys(operation?.responses ?? {}), route).toContain('200');
  }
});

test('the members of a token are described', async () => {
  const { body } = await server.call(undefined, 'GET', '/v1/openapi.json');
  const text = JSON.stringify((body as Document).paths['/v1/tokens/self/rotate']);
  for (const member of ['overlapHours', 'predecessor', 'suspiciousAt']) expect(text).toContain(member);
});
