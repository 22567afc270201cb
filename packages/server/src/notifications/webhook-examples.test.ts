import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { makeWebhookSecret, signatureHeaders } from './webhook-signature.js';

type Verify = (secret: string, headers: Record<string, string>, body: string) => boolean;

const guide = await readFile(fileURLToPath(new URL('../../../../docs/notifications.md', import.meta.url)), 'utf8');
const example = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(guide)?.[1] ?? '';
const python = spawnSync('python3', ['--version']).status === 0;

async function inNode(): Promise<Verify> {
  const folder = await mkdtemp(join(tmpdir(), 'pipecat-cloud-webhook-'));
  const file = join(folder, 'verify.mjs');
  await writeFile(file, example('js'));
  const { verify } = (await import(pathToFileURL(file).href)) as { verify: Verify };
  await rm(folder, { recursive: true });
  return verify;
}

async function inPython(): Promise<Verify> {
  const program = `${example('python')}
import json, sys
secret, headers, body = json.load(sys.stdin)
print(verify(secret, headers, body.encode()))
`;
  return (...parameters) => {
    const { stdout, stderr } = spawnSync('python3', ['-c', program], {
      input: JSON.stringify(parameters),
      encoding: 'utf8',
    });
    if (stderr) throw new Error(stderr);
    return stdout.trim() === 'True';
  };
}

async function judges(load: () => Promise<Verify>): Promise<void> {
  const verify = await load();
  const secret = makeWebhookSecret();
  const body = '{"type":"webhook.test","data":{"name":"Grüße"}}';
  const headers = signatureHeaders(secret, 'msg-1', new Date(), body);
  expect(verify(secret, headers, body)).toBe(true);
  expect(verify(secret, headers, `${body} `)).toBe(false);
  expect(verify(makeWebhookSecret(), headers, body)).toBe(false);
  expect(verify(secret, { ...headers, 'webhook-id': 'msg-2' }, body)).toBe(false);
  expect(verify(secret, { ...headers, 'webhook-signature': 'v1,' }, body)).toBe(false);
  const old = signatureHeaders(secret, 'msg-1', new Date(Date.now() - 600_000), body);
  expect(verify(secret, old, body)).toBe(false);
}

test("the guide's example in Node takes our signatures and nothing else", () => judges(inNode));
test.skipIf(!python)("the guide's example in Python takes our signatures and nothing else", () => judges(inPython));

test('the signature of the Standard Webhooks specification', () => {
  // The example of its reference libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = signatureHeaders(
    secret,
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    new Date(1614265330_000),
    '{"test": 2432232314}',
  );
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});
