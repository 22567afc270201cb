import { expect, test } from 'vitest';
import { bytesField, fieldsOf } from './protobuf.js';
import { readTrace } from './trace.js';

const text = (number: number, value: string) => bytesField(number, Buffer.from(value));
const stamp = Buffer.from([0x08, 0x80, 0x94, 0xeb, 0xdc, 0x03, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);

test('steps, output and warnings are read, and what is not known is passed over', () => {
  const vertex = Buffer.concat([
    text(1, 'sha256:1'),
    text(2, 'sha256:0'),
    text(3, '[1/2] RUN x'),
    Buffer.from([0x20, 1]),
    bytesField(5, stamp),
    bytesField(6, stamp),
    text(7, 'broke'),
    text(9, 'of a later version'),
  ]);
  const log = Buffer.concat([text(1, 'sha256:1'), Buffer.from([0x18, 2]), text(4, 'hello\n')]);
  const message = Buffer.concat([
    bytesField(1, vertex),
    bytesField(2, log),
    bytesField(3, log),
    bytesField(4, text(3, 'old')),
  ]);
  expect(readTrace(message)).toEqual({
    vertices: [
      {
        digest: 'sha256:1',
        name: '[1/2] RUN x',
        cached: true,
        started: 1_000_000_000.5,
        completed: 1_000_000_000.5,
        error: 'broke',
      },
    ],
    logs: [{ vertex: 'sha256:1', bytes: Buffer.from('hello\n') }],
    warnings: ['old'],
  });
});

test('a long field is written and read alike', () => {
  const long = Buffer.alloc(70_000, 7);
  expect([...fieldsOf(bytesField(1, long))]).toEqual([{ number: 1, bytes: long }]);
});

test.each([
  ['a length beyond the end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ['a negative length', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a number without an end', [0x08, ...Array(11).fill(0xff)]],
  ['a cut-off number', [0x08, 0xff]],
  ['a group', [0x0b]],
])('%s is refused', (_, bytes) => {
  expect(() => [...fieldsOf(Buffer.from(bytes))]).toThrow(/protobuf/);
});
