import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lineLimitBytes } from '../drivers/process/lines.js';
import { type Rig, specOf, startRig, stopMarker } from '../test-rig/rig.js';

const secret = 'correct-horse-battery';
let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  await rig.ready();
  await rig.makeReady('i-1', { environment: { SECRET: secret } });
});
afterEach(() => rig.close());

const lines = (): WorkerLogLine[] => rig.control.reportsOf('logs').flatMap((report) => report.lines);
const whenLogged = (text: string): Promise<WorkerLogLine> =>
  vi.waitFor(
    () => {
      const line = lines().find((one) => one.text === text);
      if (!line) throw new Error(`'${text}' is not logged`);
      return line;
    },
    { interval: 5 },
  );

test('lines arrive with their place, time and origin, without their newline', async () => {
  rig.world.print('i-1', 'one\r\ntwo\n');
  expect(await whenLogged('two')).toEqual({
    position: 9,
    time: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
    text: 'two',
    level: 'INFO',
  });
  expect(rig.control.reportsOf('logs')[0]).toMatchObject({
    organizationId: 'org-1',
    agentId: 'agent-1',
    deploymentId: 'dep-1',
    instanceId: 'i-1',
  });
});

test('lines belong to the session that ran when they were written', async () => {
  rig.world.print('i-1', 'before\n');
  await rig.activate({ instanceId: 'i-1' });
  rig.world.print('i-1', 'in first\n');
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  rig.world.print('i-1', 'between\n');
  await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' });
  rig.world.print('i-1', 'in second\n');
  await whenLogged('in second');
  expect(lines().map(({ text, sessionId }) => [text, sessionId])).toEqual([
    ['before', undefined],
    ['in first', 's-1'],
    ['between', undefined],
    ['in second', 's-2'],
  ]);
});

test('lines read long after they were written are tagged alike', async () => {
  rig.control.behaviour.acknowledge = false;
  rig.world.print('i-1', 'held back\n');
  await whenLogged('held back');
  await rig.activate({ instanceId: 'i-1' });
  rig.world.print('i-1', 'in first\n');
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  rig.world.print('i-1', 'after\n');
  await rig.stopWorker();
  rig.control.behaviour.acknowledge = true;
  rig.control.reports.length = 0;
  await rig.startWorker();
  await rig.control.command({ do: 'ensure', spec: specOf('i-1', { environment: { SECRET: secret } }) });
  await whenLogged('after');
  expect(lines().map(({ text, sessionId }) => [text, sessionId])).toEqual([
    ['held back', undefined],
    ['in first', 's-1'],
    ['after', undefined],
  ]);
});

test('after a restart only what was not acknowledged comes again', async () => {
  rig.world.print('i-1', 'old\n');
  await whenLogged('old');
  // Sent once the one before is acknowledged; whether this one is when the worker stops, nobody knows.
  rig.world.print('i-1', 'last\n');
  await whenLogged('last');
  await rig.stopWorker();
  rig.world.print('i-1', 'new\n');
  rig.control.reports.length = 0;
  await rig.startWorker();
  await rig.control.command({ do: 'ensure', spec: specOf('i-1') });
  await whenLogged('new');
  expect(lines().map(({ text }) => text)).not.toContain('old');
});

test('secrets and tokens stay out, also of what is read after a restart', async () => {
  const token = `pcc_pat_${'a'.repeat(48)}`;
  rig.world.print('i-1', `a ${secret} ${token} sk_${'b'.repeat(48)} end\n`);
  await whenLogged('a [redacted] pcc_pat_[redacted] sk_[redacted] end');
  await rig.stopWorker();
  rig.world.print('i-1', `again ${secret}\n`);
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'ready');
  // Nothing is read before the secrets are known again, though sessions are held by the same output.
  await rig.activate({ instanceId: 'i-1' });
  (await rig.bot('i-1')).break();
  rig.world.print('i-1', stopMarker('s-1'));
  await rig.control.whenReported('session-ended');
  expect(lines().map(({ text }) => text)).toHaveLength(1);
  await rig.control.command({ do: 'ensure', spec: specOf('i-1', { environment: { SECRET: secret } }) });
  await whenLogged('again [redacted]');
  expect(JSON.stringify(rig.control.messages) + rig.logged.join('')).not.toContain(secret);
});

test('many lines come in order, in batches, each acknowledged before the next', async () => {
  rig.control.behaviour.acknowledge = false;
  const texts = Array.from({ length: 1000 }, (_, at) => `line ${at}`);
  rig.world.print('i-1', `${texts.join('\n')}\n`);
  let acknowledged = 0;
  await vi.waitFor(
    () => {
      const reports = rig.control.reports.filter(({ report }) => report.type === 'logs');
      expect(reports.length).toBeLessThanOrEqual(acknowledged + 1);
      const next = reports[acknowledged];
      if (next) {
        acknowledged++;
        rig.control.acknowledge([next.number]);
      }
      expect(lines()).toHaveLength(1000);
    },
    { interval: 5 },
  );
  expect(lines().map(({ text }) => text)).toEqual(texts);
});

test('an instance is forgotten only when its last lines are acknowledged', async () => {
  rig.control.behaviour.acknowledge = false;
  rig.world.print('i-1', 'last words\n');
  await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
  await whenLogged('last words');
  expect(await rig.world.open().list()).toMatchObject([{ instanceId: 'i-1', state: 'exited' }]);
  // Also what it says again meanwhile, because nobody has taken it.
  rig.control.behaviour.acknowledge = true;
  rig.control.acknowledge(rig.control.reports.map(({ number }) => number));
  await rig.control.whenObserved('i-1', undefined);
});

test('credentials of this platform that are taken out of a line are told to the control plane, and nothing else is', async () => {
  const digits = (n: number) => n.toString(16).padStart(40, '0');
  const token = formatToken('personal', digits(1));
  const key = formatToken('private', digits(2));
  rig.world.print(
    'i-1',
    `${token} and ${token}, ${key}\nsk_${'b'.repeat(48)} ${formatToken('public', digits(3))} ${secret}\n`,
  );
  const [seen] = await rig.control.whenReported('credentials-seen');
  expect(seen?.source).toMatchObject({
    kind: 'agent',
    organizationId: expect.any(String),
    agentId: expect.any(String),
  });
  expect(seen?.credentials).toEqual([
    { value: token, count: 2 },
    { value: key, count: 1 },
  ]);
  expect(rig.logged.join('')).not.toContain(token.slice(8));
});

test('what an instance printed and ended with is not kept where its secrets were changed while no worker looked', async () => {
  const spec = { environment: { SECRET: secret }, secretsVersion: 'one' };
  await rig.makeReady('i-2', spec);
  await rig.makeReady('i-3', spec);
  await rig.stopWorker();
  for (const id of ['i-2', 'i-3']) {
    rig.world.print(id, `my secret is ${secret}\n`);
    rig.world.exit(id, 1);
  }
  await rig.startWorker();
  const changed = { environment: { SECRET: 'another-horse-battery' }, secretsVersion: 'two' };
  await rig.control.command({ do: 'ensure', spec: specOf('i-2', changed) });
  await rig.control.command({ do: 'ensure', spec: specOf('i-3', spec) });
  await whenLogged('my secret is [redacted]');
  const withheld = /was not kept: the secrets that it may hold were changed/;
  await vi.waitFor(() => expect(lines().filter(({ text }) => withheld.test(text))).toHaveLength(1));
  expect(JSON.stringify(rig.control.messages)).not.toContain(secret);
  // Nor can it be read where the instance wrote it.
  expect(await readOutput('i-2')).toBe('*'.repeat(`my secret is ${secret}`.length));
});

test('the same where the set lies on this machine and its file was changed', async () => {
  const put = async (value: string) => {
    await mkdir(rig.secretsDir, { recursive: true });
    await writeFile(join(rig.secretsDir, 'mine.env'), `SECRET=${value}\n`, { mode: 0o600 });
  };
  const spec = { environment: {}, referencedSecretSet: 'mine' };
  await put(secret);
  await rig.makeReady('i-2', spec);
  await rig.stopWorker();
  rig.world.print('i-2', `my secret is ${secret}\n`);
  rig.world.exit('i-2', 1);
  await put('another-horse-battery');
  await rig.startWorker();
  await rig.control.command({ do: 'ensure', spec: specOf('i-2', spec) });
  const withheld = /was not kept: the secrets that it may hold were changed/;
  await vi.waitFor(() => expect(lines().filter(({ text }) => withheld.test(text))).toHaveLength(1));
  expect(JSON.stringify(rig.control.messages)).not.toContain(secret);
});

async function readOutput(instanceId: string): Promise<string> {
  let text = '';
  for await (const line of rig.world.open().logs(instanceId, 0, AbortSignal.timeout(5_000))) text += line.text;
  return text;
}

test('each line has its level; a traceback and what is indented has that of its first line', async () => {
  rig.world.print(
    'i-1',
    [
      '2026-04-20 10:00:00.123 | ERROR    | bot:bot:42 | NONE - it broke',
      'Traceback (most recent call last):',
      '  File "bot.py", line 1, in <module>',
      '    raise ValueError("info")',
      'ValueError: info',
      'plain output',
      '{"level":40,"msg":"careful"}',
      '',
    ].join('\n'),
  );
  await whenLogged('{"level":40,"msg":"careful"}');
  expect(lines().map(({ level }) => level)).toEqual(['ERROR', 'ERROR', 'ERROR', 'ERROR', 'ERROR', 'INFO', 'WARNING']);
});

test('bytes that are no text and lines of any length arrive in pieces, and nothing is lost after them', async () => {
  rig.world.print('i-1', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 1, 0x80]), Buffer.from('\n')]));
  rig.world.print('i-1', `ERROR ${'x'.repeat(40_000)}\nafter\n`);
  await whenLogged('after');
  const [binary, ...pieces] = lines();
  expect(binary?.text).toContain('\ufffd');
  expect(pieces.slice(0, -1).map(({ level }) => level)).toEqual(['ERROR', 'ERROR', 'ERROR']);
  expect(
    pieces
      .slice(0, -1)
      .map(({ text }) => text)
      .join(''),
  ).toBe(`ERROR ${'x'.repeat(40_000)}`);
});

test('a secret across two pieces of a line stays out too, also of what the instance wrote', async () => {
  rig.world.print('i-1', `${'x'.repeat(lineLimitBytes - 5)}${secret} and on\n`);
  await whenLogged(' and on');
  expect(JSON.stringify(rig.control.messages)).not.toMatch(/corre|ct-horse/);
  rig.world.exit('i-1', 0);
  const written = `${'x'.repeat(lineLimitBytes - 5)}${'*'.repeat(secret.length)} and on`;
  expect((await readOutput('i-1')) === written).toBe(true);
});

describe('an instance that writes more than it may', () => {
  const flood = (count: number, size = 200) =>
    Array.from({ length: count }, (_, at) => `${at} ${'x'.repeat(size)}`).join('\n');
  async function limited(): Promise<void> {
    await rig.close();
    // 16 KiB at once, then 1 KiB a second.
    rig = await startRig({ logRateKib: 1 });
    await rig.ready();
    await rig.makeReady('i-1', { environment: { SECRET: secret } });
  }
  const note = () => lines().find(({ text }) => text.startsWith('[pipecat-cloud]'));

  test('has the rest left out, with a line that says how much, and goes on afterwards', async () => {
    await limited();
    rig.world.print('i-1', `${flood(300)}\n`);
    // It may write a line a fifth of a second, so that on a slow machine there are several gaps.
    const notes = () => lines().filter(({ text }) => text.startsWith('[pipecat-cloud]'));
    const leftOut = () => notes().map(({ text }) => Number(/(\d+) lines? w/.exec(text)?.[1]));
    const kept = () => lines().filter(({ text }) => /^\d+ x/.test(text)).length;
    await vi.waitFor(() => expect(leftOut().reduce((sum, count) => sum + count, kept())).toBe(300));
    expect(kept()).toBeGreaterThan(40);
    expect(kept()).toBeLessThan(250);
    expect(notes()[0]).toMatchObject({ level: 'WARNING', text: expect.stringContaining('left out here') });
    await vi.waitFor(
      () => {
        rig.world.print('i-1', 'calm again\n');
        expect(lines().map(({ text }) => text)).toContain('calm again');
      },
      { interval: 300 },
    );
    const positions = lines().map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  test('is passed over unread when it goes on, begins again with a whole line, and its secrets are starred out', async () => {
    await limited();
    rig.world.print('i-1', `${flood(200)}\n${secret} ${flood(20_000)}\n${secret}\n${flood(20_000)}\nunfinished `);
    await vi.waitFor(() => expect(note()?.text).toContain('more than'));
    rig.world.print('i-1', 'half\n');
    await vi.waitFor(
      () => {
        rig.world.print('i-1', 'whole\n');
        expect(lines().map(({ text }) => text)).toContain('whole');
      },
      { interval: 300 },
    );
    expect(lines().some(({ text }) => text === 'half' || text.startsWith('unfinished'))).toBe(false);
    let output = '';
    for await (const { text } of rig.world.open().logs('i-1', 0, AbortSignal.timeout(30_000))) {
      output += text;
      if (text === 'whole') break;
    }
    expect(output).not.toContain(secret);
    expect(output).toContain('*'.repeat(secret.length));
  });
});
