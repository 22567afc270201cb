import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeDaily, startFakeDaily } from '../testing/fake-daily.js';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';

let daily: FakeDaily;
let world: GatewayWorld;
beforeEach(async () => {
  daily = await startFakeDaily();
  world = await openGatewayWorld({ PIPECAT_CLOUD_DAILY_API_URL: daily.apiUrl });
});
afterEach(async () => {
  await world.close();
  daily.close();
});

const settings = '/v1/organizations/ours/daily/settings';
const set = (body: object) => world.server.call(world.token, 'PUT', settings, body);
const setKey = async () => expect((await set({ apiKey: daily.apiKey })).status).toBe(200);
const slots = () => world.server.store.slots.listAll();
const sessionsOfBot = async () => {
  const path = '/v1/organizations/ours/services/bot/sessions';
  return (await world.server.call(world.token, 'GET', path)).body.sessions as {
    sessionId: string;
    endReason: string;
  }[];
};
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('a session in a Daily room', () => {
  test('gets the room and a token for the person; the bot gets its own', async () => {
    await setKey();
    const exp = inSeconds(900);
    const started = await bodyOf(
      await world.start({
        createDailyRoom: true,
        transport: 'webrtc',
        enableDefaultIceServers: true,
        dailyRoomProperties: { start_video_off: true, exp },
        dailyMeetingTokenProperties: { user_name: 'Ann', room_name: 'another' },
        body: { caller: 'ann' },
      }),
    );
    expect(Object.keys(started).sort()).toEqual(['dailyRoom', 'dailyToken', 'sessionId']);
    const [room] = daily.rooms.values();
    expect(room).toEqual({
      name: `pcc-${started.sessionId}`,
      privacy: 'private',
      properties: { exp, eject_at_room_exp: true, start_video_off: true },
    });
    expect(started.dailyRoom).toBe(`https://ours.daily.example/${room?.name}`);
    expect(daily.tokens.get(started.dailyToken ?? '')).toEqual({ room_name: room?.name, exp, user_name: 'Ann' });
    const [activation] = world.worker.activations();
    expect(activation).toMatchObject({ transport: 'daily', body: { caller: 'ann' }, room: { url: started.dailyRoom } });
    expect(activation?.room?.token).not.toBe(started.dailyToken);
    expect(daily.tokens.get(activation?.room?.token ?? '')).toEqual({ room_name: room?.name, exp, is_owner: true });
  });

  test('lasts as long as the session may, unless the caller says otherwise, and goes with it', async () => {
    await setKey();
    const { sessionId } = await bodyOf(await world.start({ createDailyRoom: true }));
    const [room] = daily.rooms.values();
    const exp = Number(room?.properties.exp);
    expect(exp - inSeconds(0)).toBeGreaterThan(7200);
    expect(exp - inSeconds(0)).toBeLessThan(7200 + 300);
    world.worker.endSession(sessionId ?? '', 'completed');
    await vi.waitFor(() => expect(daily.rooms.size).toBe(0), { interval: 50 });
    expect(daily.requests.at(-1)).toBe(`DELETE /rooms/${room?.name}`);
    await vi.waitFor(async () => expect(await world.server.store.daily.roomsToDelete(new Date(), 10)).toEqual([]));
  });

  test('is entered again by who sends the same Idempotency-Key, with a token of its own, for as long as it is there', async () => {
    await setKey();
    const order = { createDailyRoom: true, dailyMeetingTokenProperties: { user_name: 'Ann' } };
    const startOnce = () =>
      world.send('bot/start', { body: JSON.stringify(order), headers: { 'idempotency-key': 'call 7' } });
    const first = await bodyOf(await startOnce());
    const again = await bodyOf(await startOnce());
    expect(again).toEqual({ ...first, dailyToken: expect.any(String) });
    expect(again.dailyToken).not.toBe(first.dailyToken);
    const tokens = [first, again].map(({ dailyToken }) => daily.tokens.get(dailyToken ?? ''));
    expect(tokens[1]).toEqual(tokens[0]);
    expect([daily.rooms.size, world.worker.activations().length]).toEqual([1, 1]);

    // As when the session is over, which is looked for now and then.
    await world.server.store.daily.removeRoom(first.sessionId ?? '');
    const late = await startOnce();
    expect([late.status, (await bodyOf(late)).info]).toEqual([409, expect.stringContaining('has ended')]);
    expect(world.worker.activations()).toHaveLength(1);
  });

  test('is refused before anything is claimed where there is no key', async () => {
    const refused = await world.start({ createDailyRoom: true });
    expect([refused.status, (await bodyOf(refused)).info]).toEqual([
      400,
      expect.stringContaining('organizations daily set'),
    ]);
    expect(await sessionsOfBot()).toEqual([]);
  });

  test.each([
    ['a room is refused', 'POST /rooms', 400, 400, 'told to fail'],
    ['the key is bad', 'POST /rooms', 401, 400, 'does not accept the API key'],
    ['a token is refused', 'POST /meeting-tokens', 400, 400, 'told to fail'],
    ['Daily fails', 'POST /rooms', 500, 502, 'Try again'],
    ['Daily is busy', 'POST /rooms', 429, 503, 'Try again'],
  ])(
    'when %s says so, and the instance is free for the next before the answer is out',
    async (_what, line, fails, status, text) => {
      await setKey();
      daily.failures.set(line, fails);
      // Both of them, warm or not.
      for (let n = 0; n < 3; n++) {
        const refused = await world.start({ createDailyRoom: true });
        const body = await bodyOf(refused);
        expect([refused.status, body.info]).toEqual([status, expect.stringContaining(text)]);
        expect((await slots()).filter(({ state }) => state === 'claimed' || state === 'retiring')).toEqual([]);
      }
      expect((await sessionsOfBot()).map(({ endReason }) => endReason)).toEqual(Array(3).fill('start_failed'));
      expect(world.worker.activations()).toEqual([]);
      daily.failures.clear();
      expect((await world.start({ createDailyRoom: true })).status).toBe(200);
      // What was made halfway does not stay.
      await vi.waitFor(() => expect(daily.rooms.size).toBe(1), { interval: 50 });
    },
  );

  test('properties that Daily does not know, or a time that is over, are refused with its words', async () => {
    await setKey();
    const unknown = await world.start({ createDailyRoom: true, dailyRoomProperties: { colour: 'red' } });
    expect([unknown.status, (await bodyOf(unknown)).info]).toEqual([
      400,
      expect.stringContaining('unknown property colour'),
    ]);
    const past = await world.start({ createDailyRoom: true, dailyRoomProperties: { exp: inSeconds(-5) } });
    expect([past.status, (await bodyOf(past)).info]).toEqual([400, expect.stringContaining('in the future')]);
  });

  test('that can not be deleted at once is tried again, and left to its time where the key is gone', async () => {
    await setKey();
    const { sessionId = '' } = await bodyOf(await world.start({ createDailyRoom: true }));
    daily.failures.set('DELETE', 500);
    world.worker.endSession(sessionId, 'completed');
    const row = () => world.database(`select attempts from daily_room where session_id = '${sessionId}'`);
    await vi.waitFor(async () => expect(await row()).toEqual([{ attempts: 1 }]), { interval: 50 });
    await world.database(`update daily_room set not_before = '2020-01-01T00:00:00.000Z'`);
    await world.server.call(world.token, 'DELETE', settings);
    await vi.waitFor(async () => expect(await row()).toEqual([]), { interval: 50 });
  });
});

describe('the settings of Daily', () => {
  test('are asked about at Daily, sealed, audited and never shown', async () => {
    expect((await world.server.call(world.token, 'GET', settings)).body).toEqual({
      ...{ source: 'none', keyHint: null, dialin: 'off' },
    });
    const wrong = await set({ apiKey: 'not-a-key-of-daily' });
    expect([wrong.status, wrong.body.error]).toEqual([400, expect.stringContaining('does not accept')]);
    const secret = Buffer.alloc(32, 7).toString('base64');
    const answer = await set({ apiKey: daily.apiKey, dialinSecret: secret });
    expect(answer.body).toEqual({ source: 'organization', keyHint: '…ours', dialin: 'signed' });
    expect((await set({ allowUnsignedDialin: true })).body).toMatchObject({ keyHint: '…ours', dialin: 'unsigned' });
    const stored = JSON.stringify([
      await world.database('select * from daily_setting'),
      await world.database('select * from audit'),
    ]);
    expect(stored).not.toContain(daily.apiKey);
    expect(stored).not.toContain(secret);
    expect(stored).toContain('organization.daily_changed');
    expect((await world.server.call(world.token, 'GET', '/v1/organizations/ours/daily')).body).toEqual({});
    expect((await world.server.call(world.token, 'DELETE', settings)).body).toEqual({ status: 'OK' });
    expect((await world.server.call(world.token, 'GET', settings)).body).toMatchObject({
      source: 'none',
      dialin: 'off',
    });
  });

  test('leave the key to a token that was made for that, and to nothing else', async () => {
    const theirs = await world.server.organization('theirs');
    const admin = await theirs.member('admin');
    const explicit = await theirs.member('admin', { permissions: ['org:read', 'daily_key:read'] });
    const path = '/v1/organizations/theirs/daily';
    expect((await world.server.call(explicit.token, 'GET', path)).body).toEqual({});
    await world.server.call(admin.token, 'PUT', `${path}/settings`, { apiKey: daily.apiKey });
    expect((await world.server.call(explicit.token, 'GET', path)).body).toEqual({ apiKey: daily.apiKey });
    expect((await world.server.call(admin.token, 'GET', path)).body).toEqual({});
  });

  test('are for those who may change the organization', async () => {
    const viewer = await (await world.server.organization('others')).member('viewer');
    const path = '/v1/organizations/others/daily/settings';
    expect((await world.server.call(viewer.token, 'GET', path)).status).toBe(200);
    expect((await world.server.call(viewer.token, 'PUT', path, { apiKey: daily.apiKey })).status).toBe(403);
    expect((await world.server.call(viewer.token, 'DELETE', path)).status).toBe(403);
    expect((await world.server.call(viewer.token, 'GET', settings)).status).toBe(403);
    expect((await set({})).status).toBe(400);
  });
});

describe('the dial-in webhook', () => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const call = { From: '+15550101', To: '+15550100', callId: 'call-1', callDomain: 'domain-1' };
  const dialin = (body: unknown, headers: Record<string, string> = {}, path = 'ours/bot') =>
    fetch(`${world.url}/v1/public/webhooks/${path}/dialin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const signed = (body: unknown, at = Date.now(), key = secret) => {
    const timestamp = String(at);
    const signature = createHmac('sha256', Buffer.from(key, 'base64'))
      .update(`${timestamp}.${JSON.stringify(body)}`)
      .digest('base64');
    return { 'x-pinless-timestamp': timestamp, 'x-pinless-signature': signature };
  };
  beforeEach(() => set({ apiKey: daily.apiKey, dialinSecret: secret }));

  test('makes a room for the phone and starts its bot with what it needs to take the call', async () => {
    const body = { ...call, sipHeaders: { 'X-Own': '1' } };
    const answer = await dialin(body, signed(body));
    expect(answer.status).toBe(200);
    const { dailyRoom, dailyToken, sessionId } = await bodyOf(answer);
    const [room] = daily.rooms.values();
    expect(room?.properties.sip).toEqual({ display_name: '+15550101', sip_mode: 'dial-in', num_endpoints: 1 });
    expect([dailyRoom, daily.tokens.has(dailyToken ?? '')]).toEqual([
      `https://ours.daily.example/pcc-${sessionId}`,
      true,
    ]);
    expect(world.worker.activations()).toMatchObject([
      {
        sessionId,
        transport: 'daily',
        body: {
          dialin_settings: {
            ...{ call_id: 'call-1', call_domain: 'domain-1', To: '+15550100', From: '+15550101' },
            sip_headers: { 'X-Own': '1' },
          },
          daily_api_key: daily.apiKey,
          daily_api_url: daily.apiUrl,
        },
      },
    ]);
  });

  test('takes the organization by its id, a timestamp in seconds, and a call that is told twice once', async () => {
    const [{ id }] = (await world.database("select id from organization where name = 'ours'")) as [{ id: string }];
    const headers = signed(call, Math.floor(Date.now() / 1000));
    const answers = await Promise.all([dialin(call, headers, `${id}/bot`), dialin(call, headers)]);
    const [first, second] = await Promise.all(answers.map(bodyOf));
    expect(first?.sessionId).toMatch(/-/);
    expect(second).toEqual(first);
    expect(world.worker.activations()).toHaveLength(1);
  });

  test('is asked whether it is there, and nothing begins', async () => {
    for (const ping of [{ test: true }, { Test: 'yes' }]) {
      const answer = await dialin(ping);
      expect([answer.status, await bodyOf(answer)]).toEqual([200, { status: 'OK' }]);
    }
    expect(world.worker.activations()).toEqual([]);
  });

  test('takes nothing that is not signed, and tells strangers nothing', async () => {
    const others = { ...call, To: '+15559999' };
    const refused = await Promise.all([
      dialin(call),
      dialin(call, signed(others)),
      dialin(call, signed(call, Date.now() - 301_000)),
      dialin(call, signed(call, Date.now(), Buffer.alloc(32, 8).toString('base64'))),
      dialin(call, { ...signed(call), 'x-pinless-signature': '' }),
      dialin(call, signed(call), 'ours/nobody'),
      dialin(call, signed(call), 'nobody/bot'),
    ]);
    expect(refused.map(({ status }) => status)).toEqual(Array(7).fill(403));
    expect(new Set(await Promise.all(refused.map(async (each) => (await bodyOf(each)).info))).size).toBe(1);
    await set({ dialinSecret: null });
    expect((await dialin(call, signed(call))).status).toBe(403);
    expect(world.worker.activations()).toEqual([]);
  });

  test('takes all where the organization says so, but no call that lacks what it takes', async () => {
    await set({ allowUnsignedDialin: true });
    const broken = await dialin({ From: '+1', To: '' });
    expect([broken.status, (await bodyOf(broken)).info]).toEqual([400, 'The call lacks To, callId, callDomain']);
    expect((await dialin([])).status).toBe(400);
    expect((await dialin({ ...call, sipHeaders: 'x'.repeat(300_000) })).status).toBe(413);
    expect((await dialin(call)).status).toBe(200);
  });

  test('needs a key of the organization itself', async () => {
    await set({ apiKey: null });
    const refused = await dialin(call, signed(call));
    expect([refused.status, (await bodyOf(refused)).info]).toEqual([
      400,
      expect.stringContaining('of the organization itself'),
    ]);
  });

  test('makes who guesses wait, and nobody else', async () => {
    for (let n = 0; n < 60; n++) expect((await dialin(call)).status).toBe(403);
    expect((await dialin(call)).status).toBe(429);
    expect((await dialin(call, {}, 'ours/other')).status).toBe(403);
  });
});
