import { expect, test } from 'vitest';
import { createClient } from './client.js';

/** Serves that many agents in pages of at most `most`, and notes what it was asked for. */
function serverOf(count: number, most: number) {
  const asked: string[] = [];
  const client = createClient({
    host: 'http://server.example',
    fetch: async (input) => {
      const url = new URL(String(input instanceof Request ? input.url : input));
      asked.push(url.search);
      const offset = Number(url.searchParams.get('offset') ?? 0);
      const limit = Math.min(most, Number(url.searchParams.get('limit') ?? 2));
      const services = Array.from({ length: count }, (_, index) => ({ name: `agent-${index}` }));
      return Response.json({
        services: services.slice(offset, offset + limit),
        hasMore: offset + limit < count,
      });
    },
  });
  return { client, asked };
}

test('every agent is listed, however many pages they fill', async () => {
  const { client, asked } = serverOf(7, 3);
  const { services, hasMore } = await client.listServices('acme', { region: 'us-west' });
  expect(services.map(({ name }) => name)).toEqual(Array.from({ length: 7 }, (_, index) => `agent-${index}`));
  expect(hasMore).toBe(false);
  expect(asked).toEqual([
    '?region=us-west',
    '?region=us-west&limit=1000&offset=2',
    '?region=us-west&limit=1000&offset=5',
  ]);
});

test('a page that is asked for is one page', async () => {
  const { client, asked } = serverOf(7, 3);
  expect(await client.listServices('acme', { limit: 2, offset: 2 })).toEqual({
    services: [{ name: 'agent-2' }, { name: 'agent-3' }],
    hasMore: true,
  });
  expect(asked).toHaveLength(1);
});

test('a server that says nothing of pages is asked once', async () => {
  const client = createClient({
    host: 'http://server.example',
    fetch: async () => Response.json({ services: [{ name: 'only' }] }),
  });
  expect((await client.listServices('acme')).services).toHaveLength(1);
});
