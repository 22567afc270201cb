import { operations } from '@pipecat-cloud/contract/operations';
import { routeAccess } from '@pipecat-cloud/contract/permissions';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDocumented } from '../testing/documented.js';
import { type Harness, harness } from '../testing/harness.js';
import type { ApiDocument, MediaType, OperationObject } from './document.js';
import { keyOf } from './finish-document.js';

let server: Harness;
let document: ApiDocument & { tags: { name: string }[] };
beforeAll(async () => {
  server = await harness();
  const { status, headers, body } = await server.call(undefined, 'GET', '/openapi.json');
  expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  document = body as typeof document;
});
afterAll(() => server.end());

const all = (): { key: string; path: string; operation: OperationObject }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ key: keyOf(path, method), path, operation })),
  );

test('has every route but those of pages and of workers', () => {
  const left = Object.keys(routeAccess).filter((key) => !(key in operations));
  expect(left.filter((key) => !key.includes('/v1/workers/'))).toEqual([
    'GET /docs/api',
    'GET /docs/api/:file',
    'GET /',
    'GET /*',
  ]);
  expect(document.openapi).toMatch(/^3\.1/);
  expect(new Set(all().map(({ key }) => key))).toEqual(new Set(Object.keys(operations)));
});

test('each route says what it does, what it needs and what it takes', () => {
  const tags = new Set(document.tags.map(({ name }) => name));
  for (const { key, operation } of all()) {
    const { needs, kinds } = routeAccess[key] ?? { needs: '', kinds: [] };
    expect(operation.summary, key).toMatch(/^[A-Z]/);
    expect(tags, key).toContain(operation.tags?.[0]);
    if (needs.includes(':')) expect(operation.description, key).toContain(needs);
    expect((operation.security ?? []).flatMap(Object.keys), key).toEqual([...kinds]);
  }
  const ids = all().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a status that the document does not have is found by whichever test meets it', () => {
  expect(() => expectDocumented('GET', '/v1/organizations/o/services', 409)).toThrow(/answered 409/);
  expect(() => expectDocumented('POST', '/v1/organizations/o/services', 409)).not.toThrow();
  expect(() => expectDocumented('GET', '/v1/tokens/self?x=1', 404)).toThrow(/GET \/v1\/tokens\/self/);
  expect(() => expectDocumented('GET', '/v1/tokens/1', 404)).not.toThrow();
});

test('each part of an address that varies is described', () => {
  for (const { key, path, operation } of all()) {
    const described = (operation.parameters ?? []).filter((each) => each.in === 'path');
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(described.map(({ name }) => name).sort(), key).toEqual(names.sort());
    for (const { name, description, example } of described)
      expect([description, example], `${key} ${name}`).not.toContain(undefined);
  }
});

test('a condition that a route takes is described, with what it does', () => {
  for (const path of ['/v1/organizations/{org}/secrets/{set}', '/v1/secrets/{set}']) {
    const { parameters = [], responses } = document.paths[path]?.put ?? { responses: {} };
    const conditions = parameters.filter((each) => each.in === 'header');
    expect(conditions.map(({ name }) => name)).toEqual(['if-match', 'if-none-match']);
    for (const { description } of conditions) expect(description).toContain('412');
    expect(responses).toHaveProperty('412');
  }
});

test('each answer has a schema, and each refusal is the envelope of errors', () => {
  const refused = new Set<string>();
  for (const { key, path, operation } of all()) {
    for (const [status, { $ref, content }] of Object.entries(operation.responses)) {
      const about = `${key} ${status}`;
      if (Number(status) >= 400 && !path.startsWith('/oauth/authorize'))
        expect($ref, about).toMatch(/responses\/(\d+|Oauth)$/);
      if (/^2/.test(status) && status !== '204') expect(Object.values(content ?? {})[0]?.schema, about).toBeDefined();
      if ($ref) refused.add($ref);
    }
  }
  for (const ref of refused) expect(document.components.responses, ref).toHaveProperty(ref.split('/').at(-1) ?? '');
  expect(document.components.schemas.Error).toMatchObject({ required: ['error', 'code'] });
});

test('the members of a token are described once', () => {
  expect(JSON.stringify(document.components.schemas.Token)).toContain('suspiciousAt');
  expect(JSON.stringify(document.paths['/v1/tokens/self/rotate'])).not.toContain('"suspiciousAt":{');
  expect(JSON.stringify(document.components.schemas.RotateTokenBody)).toContain('overlapHours');
});

describe('examples', () => {
  test('are of their schemas', () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...document });
    const media: [string, MediaType][] = [];
    const collect = (value: unknown, where: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('schema' in value && 'example' in value) media.push([where, value as MediaType]);
      for (const [name, each] of Object.entries(value)) if (name !== 'example') collect(each, `${where}/${name}`);
    };
    collect(document.paths, '');
    collect(document.components.responses, '');
    expect(media.length).toBeGreaterThan(150);
    for (const [where, { schema, example }] of media) {
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
      const validate = ajv.compile(absolute);
      expect(validate(example), `${where}: ${JSON.stringify(validate.errors)}`).toBe(true);
    }
  });

  test('stand by each body and each answer in JSON', () => {
    for (const { key, operation } of all()) {
      for (const { schema, example } of Object.values(operation.requestBody?.content ?? {})) {
        expect(example, `${key} ${JSON.stringify(schema)}`).toBeDefined();
      }
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const json = content?.['application/json'];
        if (json) expect(json.example, `${key} ${status}`).toBeDefined();
      }
    }
  });
});

test('the page for people is Swagger UI of this server, with nothing inline and nothing from elsewhere', async () => {
  const page = await server.http.inject({ method: 'GET', url: '/docs/api' });
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).not.toMatch(/unsafe|https:/);
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  expect(assets).toEqual([
    '/docs/api/swagger-ui.css',
    '/openapi.json',
    '/docs/api/swagger-ui-bundle.js',
    '/docs/api/start.js',
  ]);
  for (const url of assets) expect((await server.http.inject({ method: 'GET', url })).statusCode, url).toBe(200);
  for (const url of ['/docs/api/index.html', '/docs/api/..%2fpackage.json', '/docs/api/swagger-ui.js']) {
    expect((await server.http.inject({ method: 'GET', url })).statusCode, url).toBe(404);
  }
});
