import { expect, test } from 'vitest';
import { createClient } from './client.js';

const text =
  ': following\n\nid: 1.a\ndata: {"log":"one"}\n\nid: 1.b\n\nevent: gap\ndata: {}\n\nevent: other\ndata: {}\n\nevent: end\ndata: {}\n\n';

/** An answer in pieces of a few bytes; as in browsers whose bodies can not be iterated, where asked. */
function answer(iterable: boolean): { response: Response; wasCancelled: () => boolean } {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(at, at + 7));
      at += 7;
      if (at >= bytes.length) controller.close();
    },
    cancel() {
      cancelled = true;
    },
  });
  const response = new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
  if (!iterable) {
    const plain = { getReader: () => body.getReader() };
    Object.defineProperty(response, 'body', { value: plain });
  }
  return { response, wasCancelled: () => cancelled };
}

test.each([true, false])(
  'followed lines, marks and signs of life are told apart (bodies can be iterated: %s)',
  async (iterable) => {
    const { response } = answer(iterable);
    const client = createClient({ host: 'http://x', fetch: async () => response });
    const events = [];
    for await (const event of client.followLogs('o', 'echo')) events.push(event);
    expect(events).toEqual([
      { type: 'alive' },
      { type: 'line', entry: { log: 'one' } },
      { type: 'alive', cursor: '1.b' },
      { type: 'gap' },
      { type: 'end' },
    ]);
  },
);

test.each([true, false])(
  'who reads no further lets go of the connection (bodies can be iterated: %s)',
  async (iterable) => {
    const { response, wasCancelled } = answer(iterable);
    const client = createClient({ host: 'http://x', fetch: async () => response });
    for await (const event of client.followLogs('o', 'echo')) if (event.type === 'line') break;
    expect(wasCancelled()).toBe(true);
  },
);
