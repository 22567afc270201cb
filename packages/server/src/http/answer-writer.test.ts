import { SessionList } from '@pipecat-cloud/contract/sessions';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { createAnswerWriter } from './answer-writer.js';

const Item = Type.Object({
  name: Type.String(),
  size: Type.Optional(Type.Integer()),
  parts: Type.Array(Type.Object({ at: Type.String() })),
});
const part = { at: '2026-05-04T10:00:00.000Z' };

/** The same shape, once as it is and once in a way that only the other writer knows. */
test.each([
  ['members alone', Type.Object({ items: Type.Array(Item) })],
  ['a union', Type.Object({ items: Type.Array(Item), more: Type.Optional(Type.Union([Type.Null(), Item])) })],
])('an answer of %s says what its schema names, required members first, and nothing else', (_, schema) => {
  const write = createAnswerWriter(schema);
  const secret = { secret: 's3cr3t' };
  const item = { ...secret, parts: [{ ...secret, ...part }], size: 1, name: 'a "quoted"\u2028\ud800 name' };
  expect(write({ ...secret, items: [item, { name: '', parts: [] }] })).toBe(
    `{"items":[{"name":${JSON.stringify(item.name)},"parts":[${JSON.stringify(part)}],"size":1},{"name":"","parts":[]}]}`,
  );
  expect(() => write({ items: [{ parts: [] }] })).toThrow(/name/);
  expect(write({ items: [{ name: secret, parts: [] }] })).not.toContain('s3cr3t');
});

test('what may be null is null, and a time is written as one', () => {
  const write = createAnswerWriter(SessionList);
  const session = Object.fromEntries(
    Object.keys(SessionList.properties.sessions.items.properties).map((name) => [name, null]),
  );
  const sessions = [{ ...session, createdAt: new Date(part.at) }];
  expect(JSON.parse(write({ sessions, total_count: 1 })).sessions[0]).toEqual({ ...session, createdAt: part.at });
});
