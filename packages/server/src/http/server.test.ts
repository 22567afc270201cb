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
