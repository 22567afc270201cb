import { describe, expect, test } from 'vitest';
import { createResponseReader } from './http-responses.js';

const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function read(...chunks: string[]): number[] {
  const statuses: number[] = [];
  const reader = createResponseReader((status) => statuses.push(status));
  for (const chunk of chunks) reader(Buffer.from(chunk));
  return statuses;
}

describe('response reader', () => {
  test('several answers in one chunk are told apart', () => {
    expect(read(answer(200, 'one') + answer(401, '') + answer(200, 'three'))).toEqual([200, 401, 200]);
  });

  test('an answer counts once its last byte is there, wherever it is cut', () => {
    const text = answer(200, '{"a":"\r\n\r\n"}');
    for (let cut = 1; cut < text.length; cut++) {
      expect(read(text.slice(0, cut))).toEqual([]);
      expect(read(text.slice(0, cut), text.slice(cut) + answer(500, 'x'))).toEqual([200, 500]);
    }
  });

  test('an answer whose end is unknown is an error, not a guess', () => {
    expect(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')).toThrow('without a content length');
  });
});
