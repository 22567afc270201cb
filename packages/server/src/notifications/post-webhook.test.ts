import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startWebhookReceiver, type WebhookReceiver } from '../testing/webhook-receiver.js';
import { createPostWebhook } from './post-webhook.js';
import { readWebhookUrl } from './webhook-address.js';

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

const message = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{"å":1}' });
const port = () => new URL(receiver.url).port;
const v4 = (address: string): LookupAddress => ({ address, family: 4 });

/** A name server that answers each question with the next of the answers. */
function names(...answers: LookupAddress[][]) {
  const asked: string[] = [];
  return {
    asked,
    resolve: async (host: string) => {
      asked.push(host);
      return answers[Math.min(asked.length, answers.length) - 1] ?? [];
    },
  };
}

describe('posting', () => {
  test('an answer of 2xx is a delivery; the body arrives as it was', async () => {
    const post = createPostWebhook({ allowPrivate: true });
    expect(await post(message(receiver.url))).toEqual({ status: 204, error: null });
    expect(receiver.received[0]?.body).toBe('{"å":1}');
  });

  test('a name is resolved once, and that address is the one dialled', async () => {
    const dns = names([v4('127.0.0.1')], [v4('169.254.169.254')]);
    const post = createPostWebhook({ allowPrivate: true, resolve: dns.resolve });
    expect(await post(message(`http://hook.example:${port()}/`))).toEqual({ status: 204, error: null });
    expect(dns.asked).toEqual(['hook.example']);
    expect(receiver.received[0]?.headers.host).toBe(`hook.example:${port()}`);
  });

  test.each([500, 404, 410, 400])('an answer of %i is none', async (status) => {
    receiver.answer = (_, response) => response.writeHead(status).end();
    const post = createPostWebhook({ allowPrivate: true });
    expect(await post(message(receiver.url))).toEqual({ status, error: `it answered ${status}` });
  });

  test('a redirect is not followed, wherever it leads', async () => {
    receiver.answer = (_, response) => response.writeHead(307, { location: receiver.url }).end();
    const post = createPostWebhook({ allowPrivate: true });
    expect(await post(message(receiver.url))).toEqual({
      status: 307,
      error: 'it answered 307; redirects are not followed',
    });
    expect(receiver.received).toHaveLength(1);
  });

  test('nor is one that switches protocols, and it is waited for no longer', async () => {
    receiver.answer = ({ socket }) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
    const post = createPostWebhook({ allowPrivate: true });
    expect(await post(message(receiver.url))).toEqual({ status: 101, error: 'it answered 101' });
  });

  test('an endless answer is not read', async () => {
    let closed = false;
    receiver.answer = (_, response) => {
      response.writeHead(200);
      const fill = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', fill).on('close', () => {
        closed = true;
      });
      fill();
    };
    const post = createPostWebhook({ allowPrivate: true });
    expect(await post(message(receiver.url))).toEqual({ status: 200, error: null });
    await expect.poll(() => closed).toBe(true);
  });

  test('a receiver that says nothing is left after the time limit', async () => {
    receiver.answer = () => {};
    const post = createPostWebhook({ allowPrivate: true, timeoutMs: 50 });
    expect(await post(message(receiver.url))).toEqual({ status: null, error: 'no answer within 0.05 s' });
  });

  test('a receiver that is not there, a name that does not exist, an aborted attempt', async () => {
    const post = createPostWebhook({ allowPrivate: true, resolve: async () => [] });
    expect(await post(message('http://nowhere.example/'))).toEqual({
      status: null,
      error: 'the host name does not exist',
    });
    await receiver.close();
    expect(await post(message(receiver.url))).toEqual({ status: null, error: 'no connection (ECONNREFUSED)' });
    expect((await post(message(receiver.url), AbortSignal.abort())).status).toBeNull();
    receiver = await startWebhookReceiver();
  });
});

describe('what is inside this network', () => {
  test.each([
    'https://127.0.0.1:PORT/',
    'https://2130706433:PORT/',
    'https://0x7f.1:PORT/',
    'https://0177.0.0.1:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://[::ffff:7f00:1]:PORT/',
    'https://0:PORT/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
  ])('%s is refused when it is made and when it is dialled', async (pattern) => {
    const url = pattern.replace('PORT', port());
    expect(() => readWebhookUrl(url, false)).toThrow(/can't be posted to/);
    const post = createPostWebhook({ allowPrivate: false });
    const answer = await post(message(url));
    expect(answer).toEqual({ status: null, error: expect.stringMatching(/^the host is/) });
    expect(receiver.received).toEqual([]);
  });

  test('a public name that answers with a private address is refused, however late it changes its mind', async () => {
    const dns = names([v4('93.184.216.34'), v4('127.0.0.1')], [v4('127.0.0.1')], [{ address: '::1', family: 6 }]);
    const post = createPostWebhook({ allowPrivate: false, resolve: dns.resolve });
    for (let attempt = 1; attempt <= 3; attempt++) {
      const { error } = await post(message(`https://hook.example:${port()}/`));
      expect(error).toMatch(/^the host is in a private network/);
      expect(dns.asked).toHaveLength(attempt);
    }
    expect(receiver.received).toEqual([]);
  });

  test('refusals tell no address', async () => {
    const post = createPostWebhook({ allowPrivate: false, resolve: names([v4('10.9.8.7')]).resolve });
    expect((await post(message('https://hook.example/'))).error).not.toContain('10.9.8.7');
  });

  test('metadata services are refused also where private addresses are allowed', async () => {
    const post = createPostWebhook({ allowPrivate: true, resolve: names([v4('169.254.169.254')]).resolve });
    expect((await post(message('http://metadata.example/'))).error).toMatch(/not an address that webhooks/);
    expect(() => readWebhookUrl('http://169.254.169.254/', true)).toThrow(/can't be posted to/);
  });

  test('plain http leaves this network never', async () => {
    expect(() => readWebhookUrl('http://example.com/', false)).toThrow('https');
    expect(() => readWebhookUrl('http://1.1.1.1/', true)).toThrow('plain http');
    const post = createPostWebhook({ allowPrivate: true, resolve: names([v4('1.1.1.1')]).resolve });
    expect((await post(message('http://hook.example/'))).error).toMatch(/^plain http/);
  });
});

test.each([
  'ftp://example.com/',
  'file:///etc/passwd',
  'example.com',
  '',
  'https://user:pw@example.com/',
  'https://u@x.y/',
])('%s is no URL of a webhook', (url) => {
  expect(() => readWebhookUrl(url, true)).toThrow();
});

test('a fragment is dropped', () => {
  expect(readWebhookUrl('https://example.com/a?b=1#c', false)).toBe('https://example.com/a?b=1');
});
