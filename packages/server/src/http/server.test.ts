import { pino } from 'pino';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { createHttp } from './server.js';

test.each([
  ['ASCII alone', 'a "quoted" name '],
  ['more than ASCII', 'a "quoted" n\u00e4me \ud83c\udf99 '],
])('a long answer of %s arrives as it was given', async (_, text) => {
  const app = createHttp(pino({ enabled: false }));
  const answer = { names: Array.from({ length: 2_000 }, (_, index) => `${text}${index}`) };
  app.get(
    '/',
    { schema: { response: { 200: Type.Object({ names: Type.Array(Type.String()) }) } } },
    async () => answer,
  );
  const response = await app.inject('/');
  expect(response.json()).toEqual(answer);
  expect(Number(response.headers['content-length'])).toBe(Buffer.byteLength(JSON.stringify(answer)));
  await app.close();
});

test('a plain text is not taken for a body, whatever it says', async () => {
  const app = createHttp(pino({ enabled: false }));
  const taken: unknown[] = [];
  app.post('/', async ({ body }) => void taken.push(body));
  const payload = '{"name":"echo"}';
  const statusOf = async (type: string) =>
    (await app.inject({ method: 'POST', url: '/', headers: { 'content-type': type }, payload })).statusCode;
  expect(await statusOf('text/plain')).toBe(415);
  expect(await statusOf('application/json')).toBe(200);
  expect(taken).toEqual([{ name: 'echo' }]);
  await app.close();
});
