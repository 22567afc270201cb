import { expect, test } from 'vitest';
import { type Client, createClient } from './client.js';
import { operations, protocolCalls } from './operations.js';
import { routeAccess } from './permissions.js';

/** What each argument could be: an address, an object with members to put into one, or nothing of note. */
const argument = 'x';
const bodies: Partial<Record<keyof Client, unknown[]>> = {
  uploadContext: [{ uploadUrl: 'http://cloud.example/v1/uploads', uploadFields: {} }, new Blob([])],
};
/** Of the client, and no route. */
const helpers = ['request'];

/** The route that a call goes to, by what it sends. */
async function routeOf(name: keyof Client): Promise<string> {
  let sent = '';
  const record = (async (url, init) => {
    sent = `${init?.method ?? 'GET'} ${new URL(String(url)).pathname}`;
    return Response.json({ build: {}, body: {} });
  }) as typeof fetch;
  const client = createClient({ host: 'http://cloud.example', fetch: record });
  const call = client[name] as (...values: unknown[]) => Promise<unknown> | AsyncIterable<unknown>;
  const answer = call(...(bodies[name] ?? [argument, argument, argument, {}]));
  if (Symbol.asyncIterator in answer)
    await answer[Symbol.asyncIterator]()
      .next()
      .catch(() => undefined);
  else await answer;
  return sent;
}

const pattern = (route: string) => new RegExp(`^${route.replace(/^ANY/, '\\w+').replace(/:\w+|\*/g, argument)}$`);

test('the client has one call for each operation, and it goes there', async () => {
  for (const [route, { id }] of Object.entries(operations)) {
    if ((protocolCalls as readonly string[]).includes(id)) continue;
    expect(await routeOf(id as keyof Client), id).toMatch(pattern(route));
  }
});

test('the client has no call without an operation', () => {
  const known = new Set<string>([...Object.values(operations).map(({ id }) => id), ...helpers]);
  expect(Object.keys(createClient({ host: 'http://cloud.example' })).filter((name) => !known.has(name))).toEqual([]);
});

test('each operation is a route, and has a name of its own', () => {
  expect(Object.keys(operations).filter((route) => !(route in routeAccess))).toEqual([]);
  const ids = Object.values(operations).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
