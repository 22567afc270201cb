import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { openRolloutWorld, type RolloutWorld, until } from '../testing/rollout-world.js';
import { isDrawn } from './claim-order.js';

describe.each(scratchDatabases)('rollouts on $name', (database) => {
  let world: RolloutWorld;
  beforeEach(async () => {
    world = await openRolloutWorld(database);
  });
  afterEach(() => world.close());

  const deploy: RolloutWorld['deploy'] = (...given) => world.deploy(...given);
  const rolledOut = (state: string) => until(async () => expect((await world.status()).rollout?.state).toBe(state));
  /** Settled: as many idle instances as there are places, all of this image. */
  const allIdle = (image: string, count: number) =>
    until(async () => {
      expect((await world.slots()).filter(({ spare, state }) => !spare && state === 'ready')).toHaveLength(count);
      expect(world.images()).toEqual(Array(count).fill(image));
      expect([...world.worker.instances.values()].map(({ state }) => state)).toEqual(Array(count).fill('ready'));
    });
  const fails = (image: string) => {
    world.worker.behaviour.startsOf = ({ source }) =>
      source.type === 'image' && source.image === image ? 'failed' : undefined;
  };
  const hangs = (image: string) => {
    world.worker.behaviour.startsOf = ({ source }) =>
      source.type === 'image' && source.image === image ? 'never' : undefined;
  };
  /** Makes all ready that hangs. */
  const letGo = () => {
    world.worker.behaviour.startsOf = undefined;
    for (const [id, each] of world.worker.instances)
      if (each.state === 'starting') world.worker.instances.set(id, { ...each, state: 'ready' });
    world.worker.observe();
  };
  const refusal = async (answer: ReturnType<RolloutWorld['call']>) => {
    const { status, body } = await answer;
    return [status, body.error];
  };

  describe('the status', () => {
    test('shows the new deployment at once, and is ready for that one only', async () => {
      const first = await deploy('bot:1');
      await world.ready();
      hangs('bot:2');
      const second = await deploy('bot:2');
      expect(second.desiredDeploymentId).not.toBe(first.desiredDeploymentId);
      for (const seen of [second, await world.status()]) {
        expect(seen).toMatchObject({
          ...{ desiredDeploymentId: second.desiredDeploymentId, activeDeploymentId: first.desiredDeploymentId },
          ...{ available: true, ready: false, activeDeploymentReady: false, errors: [] },
        });
      }
      expect(second.reconciledDeploymentId).not.toBe(second.desiredDeploymentId);
      await until(async () =>
        expect(await world.status()).toMatchObject({
          ...{ reconciledDeploymentId: second.desiredDeploymentId, available: true, ready: false },
          conditions: expect.arrayContaining([expect.objectContaining({ type: 'Progressing', status: 'True' })]),
        }),
      );
      // Scaled to zero, one instance was started all the same.
      await until(() => expect(world.images()).toContain('bot:2'));
      letGo();
      await until(async () =>
        expect(await world.status()).toMatchObject({
          ...{ ready: true, activeDeploymentReady: true, activeDeploymentId: second.desiredDeploymentId },
          rollout: { state: 'complete', strict: false, canaryPercent: null },
        }),
      );
    });

    test('names the errors of the desired deployment, until another is asked for', async () => {
      await deploy('bot:1');
      await world.ready();
      fails('bot:2');
      await deploy('bot:2');
      await rolledOut('failed');
      expect(await world.status()).toMatchObject({
        ...{ available: true, ready: false, activeDeploymentReady: false },
        errors: [{ code: 'PCC_UNKNOWN_ERROR', message: 'it was told to fail' }],
        conditions: expect.arrayContaining([expect.objectContaining({ type: 'Degraded', status: 'True' })]),
      });
      // Limits alone do not try it again.
      expect((await deploy(undefined, { autoScaling: { maxAgents: 3 } })).errors).toHaveLength(1);
      world.worker.behaviour.startsOf = undefined;
      // What made it fail may lie outside: the same again is tried again.
      expect((await deploy('bot:2')).errors).toEqual([]);
      await rolledOut('complete');
    });
  });

  test('one whose instance can not be made for now is not given up: it says what it waits for, and goes on', async () => {
    world.worker.behaviour.starts = 'delayed';
    await deploy('bot:1');
    const message = 'The engine of the fake worker does not answer';
    await until(async () =>
      expect((await world.status()).conditions).toContainEqual(
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'InstanceDelayed', message }),
      ),
    );
    expect(await world.status()).toMatchObject({ errors: [], currentRevision: { health: { restartCount: 0 } } });
    for (const [instanceId, { epoch }] of world.worker.instances)
      world.worker.instances.set(instanceId, { instanceId, epoch, state: 'ready' });
    world.worker.observe();
    await rolledOut('complete');
  });

  test('what makes a new deployment and what does not', async () => {
    await world.server.call(world.admin.token, 'PUT', '/v1/organizations/ours/secrets/keys-1', {
      ...{ secretKey: 'A', secretValue: '1' },
    });
    let { desiredDeploymentId: last } = await deploy('bot:1');
    const isNew = async (change: object, image: string | undefined = 'bot:1') => {
      const { desiredDeploymentId, warning } = await deploy(image, change);
      const changed = desiredDeploymentId !== last;
      last = desiredDeploymentId;
      return [changed, warning !== undefined];
    };
    const [anew, same, limits] = [
      [true, false],
      [false, true],
      [false, false],
    ];
    expect(await isNew({})).toEqual(same);
    expect(await isNew({ someMember: 'of another client', rollout: {} })).toEqual(same);
    expect(await isNew({ secretSet: 'keys-1' })).toEqual(anew);
    await world.server.call(world.admin.token, 'PUT', '/v1/organizations/ours/secrets/keys-1', {
      ...{ secretKey: 'A', secretValue: '2' },
    });
    expect(await isNew({ secretSet: 'keys-1' })).toEqual(same);
    expect(await isNew({ agentProfile: 'agent-2x' })).toEqual(anew);
    expect(await isNew({ krispViva: { audioFilter: 'tel' } })).toEqual(anew);
    expect(await isNew({ krispViva: {}, enableKrisp: false })).toEqual(same);
    expect(await isNew({ maxSessionDuration: 300 })).toEqual(anew);
    expect(await isNew({ maxSessionDuration: 300 }, undefined)).toEqual(same);
    expect(await isNew({ autoScaling: { minAgents: 0, maxAgents: 7 } })).toEqual(limits);
    expect(await isNew({ websocketAuth: 'none' })).toEqual(limits);
    expect(await isNew({ forceRedeploy: true }, undefined)).toEqual(anew);
    expect(await isNew({ forceRedeploy: false })).toEqual(same);
    expect(await isNew({}, 'bot:2')).toEqual(anew);
  });

  test('a deploy that names no limits leaves those that another call has set meanwhile', async () => {
    await deploy('bot:1', { autoScaling: { minAgents: 0, maxAgents: 5 } });
    await Promise.all([deploy(undefined, { autoScaling: { minAgents: 0, maxAgents: 1 } }), deploy('bot:2')]);
    expect(await world.status()).toMatchObject({ autoScaling: { maxReplicas: 1 } });
  });

  describe('while a new deployment is made ready', () => {
    test('the places are for sessions: the only one of an agent goes on taking them', async () => {
      await deploy('bot:1', { autoScaling: { maxAgents: 1 } });
      await world.ready();
      hangs('bot:2');
      await deploy('bot:2');
      await until(() => expect(world.images()).toContain('bot:2'));
      expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:1']);
    });

    test('a failing one takes no session, and what serves goes on', async () => {
      await deploy('bot:1', { autoScaling: { minAgents: 1, maxAgents: 3 } });
      await world.ready();
      fails('bot:2');
      await deploy('bot:2', { autoScaling: { minAgents: 1, maxAgents: 3 } });
      await rolledOut('failed');
      for (let n = 0; n < 3; n++) expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:1', 'bot:1', 'bot:1']);
    });
  });

  describe('once it is ready', () => {
    const scaling = { autoScaling: { minAgents: 3, maxAgents: 3 } };

    test('idle instances are replaced one after the other, never fewer than are to be warm', async () => {
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 3);
      const warm: number[] = [];
      let watching = true;
      const watch = async () => {
        for (; watching; await delay(5))
          warm.push((await world.slots()).filter(({ spare, state }) => !spare && state === 'ready').length);
      };
      const watched = watch();
      try {
        await deploy('bot:2', scaling);
        await allIdle('bot:2', 3);
      } finally {
        watching = false;
        // No read is left under way when the database is closed.
        await watched;
      }
      expect(Math.min(...warm)).toBe(3);
      expect((await world.slots()).length).toBe(4);
    });

    test('no start is refused while idle ones are replaced, and the new deployment comes first', async () => {
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 3);
      // Its second instance never comes: older ones stay what there is.
      let made = 0;
      world.worker.behaviour.startsOf = ({ source }) =>
        source.type === 'image' && source.image === 'bot:2' && made++ > 0 ? 'never' : undefined;
      await deploy('bot:2', scaling);
      await rolledOut('complete');
      for (let n = 0; n < 3; n++) expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:2', 'bot:1', 'bot:1']);
      // Those that served older sessions are not offered again.
      world.worker.behaviour.startsOf = undefined;
      for (const { sessionId } of world.worker.activations()) world.worker.endSession(sessionId, 'completed');
      letGo();
      await allIdle('bot:2', 3);
    });

    test('deploys in a row leave idle instances of each before until they are replaced', async () => {
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 3);
      for (let n = 2; n <= 4; n++) {
        await deploy(`bot:${n}`, scaling);
        await world.ready();
        const warm = (await world.slots()).filter(({ spare, state }) => !spare && state === 'ready');
        expect(warm.length).toBe(3);
      }
      await allIdle('bot:4', 3);
    });
  });

  describe('strict', () => {
    const scaling = { autoScaling: { minAgents: 2, maxAgents: 2 } };

    test('no session begins on the older one from the moment of the deploy: starts wait', async () => {
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 2);
      const running = (await world.start()).body.sessionId;
      hangs('bot:2');
      const { rollout } = await deploy('bot:2', { ...scaling, rollout: { strict: true } });
      expect(rollout).toMatchObject({ state: 'starting', strict: true });
      const waiting = world.start();
      await until(() => expect(world.images()).toContain('bot:2'));
      expect(world.served()).toEqual(['bot:1']);
      letGo();
      expect((await waiting).status).toBe(200);
      expect(world.served()).toEqual(['bot:1', 'bot:2']);
      expect((await world.call('GET', `/bot/sessions/${running}`)).body.state).toBe('active');
      expect((await world.start()).status).toBe(429);
    });

    test('all places are there at once for the new one', async () => {
      await deploy('bot:1', { autoScaling: { minAgents: 3, maxAgents: 3 } });
      await allIdle('bot:1', 3);
      hangs('bot:2');
      await deploy('bot:2', { autoScaling: { minAgents: 3, maxAgents: 3 }, rollout: { strict: true } });
      const waiting = Array.from({ length: 3 }, world.start);
      await until(() => expect(world.images()).toContain('bot:2'));
      letGo();
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(world.served()).toEqual(['bot:2', 'bot:2', 'bot:2']);
    });

    test('where it fails, the starts that waited begin on the last good one', async () => {
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 2);
      fails('bot:2');
      await deploy('bot:2', { ...scaling, rollout: { strict: true } });
      expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:1']);
      expect(await world.status()).toMatchObject({ rollout: { state: 'failed', strict: false }, available: true });
    });
  });

  describe('a canary', () => {
    const canary = { rollout: { canaryPercent: 50 } };

    async function startMany(count: number) {
      for (let n = 0; n < count; n++) expect((await world.start()).status).toBe(200);
      return world.worker.activations().map(({ sessionId }) => (isDrawn(sessionId, 50) ? 'bot:2' : 'bot:1'));
    }

    test('takes its share of the sessions, and stays until it is promoted', async () => {
      await deploy('bot:1');
      await world.ready();
      const { desiredDeploymentId } = await deploy('bot:2', canary);
      await rolledOut('canary');
      expect(await world.status()).toMatchObject({
        ...{ ready: true, available: true, activeDeploymentReady: true, errors: [] },
        rollout: { state: 'canary', canaryPercent: 50 },
      });
      const expected = await startMany(10);
      expect(world.served()).toEqual(expected);
      // A client that knows nothing of canaries deploys the same: nothing changes.
      expect((await deploy('bot:2')).warning).toContain('Nothing changed');
      expect((await world.status()).rollout).toMatchObject({ state: 'canary' });

      const promoted = (await world.call('POST', '/bot/promote', { deploymentId: desiredDeploymentId })).body.body;
      expect(promoted).toMatchObject({ activeDeploymentId: desiredDeploymentId, rollout: { state: 'complete' } });
      const before = world.served().length;
      for (const { sessionId } of world.worker.activations()) world.worker.endSession(sessionId, 'completed');
      // What is idle of the older one may serve until it is replaced.
      await until(() => expect(world.images()).not.toContain('bot:1'));
      await startMany(3);
      expect(new Set(world.served().slice(before))).toEqual(new Set(['bot:2']));
    });

    test('has warm instances of its own, taken out of those of the live one', async () => {
      const scaling = { autoScaling: { minAgents: 4, maxAgents: 4 } };
      await deploy('bot:1', scaling);
      await allIdle('bot:1', 4);
      await deploy('bot:2', { ...scaling, ...canary });
      await until(() => expect(world.images()).toEqual(['bot:1', 'bot:1', 'bot:2', 'bot:2']));
      expect((await world.call('POST', '/bot/promote', { canaryPercent: 25 })).body.body.rollout).toMatchObject({
        ...{ state: 'canary', canaryPercent: 25 },
      });
      await world.call('POST', '/bot/rollback', {});
      await allIdle('bot:1', 4);
    });

    test('whose instances fail is given up: the live deployment has all sessions again', async () => {
      await deploy('bot:1');
      await world.ready();
      await deploy('bot:2', { rollout: { canaryPercent: 99 } });
      await rolledOut('canary');
      fails('bot:2');
      for (const [id] of world.worker.instances)
        if (world.imageOf(id) === 'bot:2')
          world.worker.instances.set(id, { instanceId: id, state: 'exited', epoch: 0 });
      world.worker.observe();
      await until(async () => {
        await world.start();
        expect((await world.status()).rollout?.state).toBe('failed');
      });
      const before = world.served().length;
      for (let n = 0; n < 3; n++) expect((await world.start()).status).toBe(200);
      expect(world.served().slice(before)).toEqual(['bot:1', 'bot:1', 'bot:1']);
      expect(await world.status()).toMatchObject({ available: true, errors: [{ code: 'PCC_UNKNOWN_ERROR' }] });
    });
  });

  describe('one that is held', () => {
    test('is made ready and takes no session until it is promoted, which is instant', async () => {
      await deploy('bot:1', { autoScaling: { maxAgents: 2 } });
      await world.ready();
      await deploy('bot:2', { autoScaling: { maxAgents: 2 }, rollout: { hold: true } });
      await rolledOut('held');
      expect(await world.status()).toMatchObject({ ready: true, available: true, errors: [] });
      expect((await world.start()).status).toBe(200);
      const made = world.worker.commands.filter((command) => command.do === 'ensure').length;
      expect((await world.call('POST', '/bot/promote', {})).body.body).toMatchObject({
        rollout: { state: 'complete' },
      });
      expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:1', 'bot:2']);
      const warm = world.worker.activations()[1]?.instanceId ?? '';
      const ensured = world.worker.commands.filter((command) => command.do === 'ensure').slice(0, made);
      expect(ensured.map((command) => command.do === 'ensure' && command.spec.instanceId)).toContain(warm);
    });

    test('keeps an instance, also when the first one ends', async () => {
      await deploy('bot:1');
      await world.ready();
      await deploy('bot:2', { rollout: { hold: true } });
      await rolledOut('held');
      const first = [...world.worker.instances.keys()].find((id) => world.imageOf(id) === 'bot:2') ?? '';
      world.worker.instances.set(first, { instanceId: first, state: 'exited', epoch: 0 });
      world.worker.observe();
      await until(() => {
        expect(world.worker.instances.has(first)).toBe(false);
        expect(world.images()).toContain('bot:2');
      });
      expect((await world.status()).rollout?.state).toBe('held');
    });
  });

  describe('back', () => {
    const scaling = { autoScaling: { minAgents: 2, maxAgents: 2 } };

    test('at once: the older one is live in the answer, no session begins on the other, those that run go on', async () => {
      const { desiredDeploymentId: one } = await deploy('bot:1', scaling);
      await allIdle('bot:1', 2);
      const { desiredDeploymentId: two } = await deploy('bot:2', scaling);
      await allIdle('bot:2', 2);
      const { sessionId } = (await world.start()).body;
      const back = (await world.call('POST', '/bot/rollback', {})).body.body;
      expect(back).toMatchObject({
        ...{ desiredDeploymentId: one, activeDeploymentId: one, reconciledDeploymentId: one, ready: true },
        errors: [],
      });
      // One place is taken by the session; the other is free although an instance of the newer stands in it.
      expect((await world.start()).status).toBe(200);
      expect(world.served()).toEqual(['bot:2', 'bot:1']);
      expect((await world.call('GET', `/bot/sessions/${sessionId}`)).body.state).toBe('active');
      expect((await world.history()).map(({ id, state }) => [id, state])).toEqual([
        [two, 'retired'],
        [one, 'live'],
      ]);
      for (const each of world.worker.activations()) world.worker.endSession(each.sessionId, 'completed');
      await allIdle('bot:1', 2);
      // And forward again, by name.
      const forward = (await world.call('POST', '/bot/rollback', { deploymentId: two })).body.body;
      expect(forward.activeDeploymentId).toBe(two);
    });

    test('without a name further back each time, to the first', async () => {
      for (const image of ['bot:1', 'bot:2', 'bot:3']) {
        await deploy(image);
        await world.ready();
      }
      const liveImage = async () => (await world.status()).deployment?.manifest.spec.image;
      await world.call('POST', '/bot/rollback', {});
      expect(await liveImage()).toBe('bot:2');
      await world.call('POST', '/bot/rollback', {});
      expect(await liveImage()).toBe('bot:1');
      expect(await refusal(world.call('POST', '/bot/rollback', {}))).toEqual([
        409,
        expect.stringContaining('is the first that took sessions'),
      ]);
    });

    test('to the one before, also where the clock was set back between the two', async () => {
      for (const image of ['bot:1', 'bot:2']) {
        await deploy(image);
        await world.ready();
      }
      const setBack = vi.spyOn(systemClock, 'now').mockImplementation(() => new Date(Date.now() - 60 * 60_000));
      await deploy('bot:3').finally(() => setBack.mockRestore());
      await world.ready();
      expect((await world.history()).map(({ changes }) => changes)).toEqual([
        [{ setting: 'image', from: 'bot:2', to: 'bot:3' }],
        [{ setting: 'image', from: 'bot:1', to: 'bot:2' }],
        [],
      ]);
      await world.call('POST', '/bot/rollback', {});
      expect((await world.status()).deployment?.manifest.spec.image).toBe('bot:2');
    });

    test('from a deploy that hangs, or that failed: it is withdrawn, its errors with it', async () => {
      const { desiredDeploymentId: one } = await deploy('bot:1');
      await world.ready();
      hangs('bot:2');
      await deploy('bot:2', { rollout: { strict: true } });
      const waiting = world.start();
      const back = (await world.call('POST', '/bot/rollback', {})).body.body;
      expect(back).toMatchObject({
        desiredDeploymentId: one,
        ready: true,
        rollout: { state: 'complete', strict: false },
      });
      expect((await waiting).status).toBe(200);
      expect(world.served()).toEqual(['bot:1']);
      await until(() => expect(world.images()).not.toContain('bot:2'));

      fails('bot:3');
      await deploy('bot:3');
      await rolledOut('failed');
      expect((await world.call('POST', '/bot/rollback', {})).body.body).toMatchObject({ ready: true, errors: [] });
      expect((await world.history()).map(({ state }) => state)).toEqual(['failed', 'withdrawn', 'live']);
    });

    test('only to what can serve', async () => {
      const { desiredDeploymentId: one } = await deploy('bot:1');
      const rollback = (deploymentId?: string | null) =>
        refusal(world.call('POST', '/bot/rollback', deploymentId ? { deploymentId } : {}));
      await world.ready();
      expect(await rollback(one)).toEqual([409, expect.stringContaining('is live already')]);
      expect(await rollback('no-such')).toEqual([404, "Deployment 'no-such' not found"]);
      fails('bot:2');
      const { desiredDeploymentId: two } = await deploy('bot:2');
      await rolledOut('failed');
      expect(await rollback(two)).toEqual([409, expect.stringContaining('it was told to fail')]);
      expect(await refusal(world.call('POST', '/bot/promote', {}))).toEqual([
        409,
        expect.stringContaining('has failed and takes no sessions: it was told to fail'),
      ]);
      await rollback();
      expect(await refusal(world.call('POST', '/bot/promote', {}))).toEqual([
        409,
        expect.stringContaining('nothing to promote'),
      ]);
    });

    test('not to one whose secrets are gone', async () => {
      const set = '/v1/organizations/ours/secrets/keys-1';
      await world.server.call(world.admin.token, 'PUT', set, { secretKey: 'A', secretValue: '1' });
      await deploy('bot:1', { secretSet: 'keys-1' });
      await world.ready();
      await world.server.call(world.admin.token, 'PUT', set.replace('-1', '-2'), { secretKey: 'A', secretValue: '1' });
      const { desiredDeploymentId: two } = await deploy('bot:2', { secretSet: 'keys-2' });
      await world.ready();
      // Once no instance has it any more.
      await until(async () => expect((await world.server.call(world.admin.token, 'DELETE', set)).status).toBe(200));
      expect(await refusal(world.call('POST', '/bot/rollback', {}))).toEqual([404, "Secret set 'keys-1' not found"]);
      expect(await world.status()).toMatchObject({ activeDeploymentId: two, ready: true });
    });
  });

  test('options that do not fit together, or need what is not there, are refused before anything changes', async () => {
    const body = { serviceName: 'bot', image: 'bot:1' };
    expect(await refusal(world.call('POST', '', { ...body, rollout: { canaryPercent: 10 } }))).toEqual([
      400,
      expect.stringContaining('no deployment that takes sessions'),
    ]);
    expect(await refusal(world.call('POST', '', { ...body, rollout: { hold: true } }))).toEqual([
      400,
      expect.stringContaining('Deploy it without that first'),
    ]);
    expect((await world.call('GET', '/bot')).status).toBe(404);
    await deploy('bot:1', { rollout: { strict: true } });
    await world.ready();
    const again = { ...body, image: 'bot:2' };
    for (const rollout of [
      { strict: true, hold: true },
      { canaryPercent: 10, hold: true },
    ]) {
      expect(await refusal(world.call('PUT', '', { ...again, rollout }))).toEqual([
        400,
        expect.stringContaining('one of strict, canaryPercent and hold'),
      ]);
    }
    for (const canaryPercent of [0, 100, 1.5]) {
      expect((await world.call('PUT', '', { ...again, rollout: { canaryPercent } })).status).toBe(400);
    }
    expect((await world.status()).deployment?.manifest.spec.image).toBe('bot:1');
  });

  test('the history says who made what of it, and the audit log who decided', async () => {
    await deploy('bot:1', { maxSessionDuration: 600 });
    await world.ready();
    const other = await world.org.member('developer');
    await world.server.call(other.token, 'PUT', '/v1/organizations/ours/services', {
      ...{ serviceName: 'bot', image: 'bot:2', maxSessionDuration: 900, rollout: { hold: true } },
    });
    await rolledOut('held');
    const [two, one] = await world.history();
    expect(two).toMatchObject({
      ...{ state: 'held', rollout: 'held', liveAt: null, readyAt: expect.any(String) },
      deployedBy: { kind: 'token', id: other.userId, name: expect.stringContaining('@') },
      changes: [
        { setting: 'image', from: 'bot:1', to: 'bot:2' },
        { setting: 'maxSessionSeconds', from: '600', to: '900' },
      ],
    });
    expect(one).toMatchObject({ state: 'live', changes: [], liveAt: expect.any(String) });
    await world.call('POST', '/bot/promote', {});
    await world.call('POST', '/bot/rollback', {});
    const records = await world.server.store.audit.search(world.org.id, { target: 'bot' }, { limit: 10 });
    expect(records.map(({ action, actorId, detail }) => [action, actorId, detail])).toEqual([
      ['agent.rolled_back', world.admin.userId, { deploymentId: one?.id, instead: two?.id }],
      ['agent.promoted', world.admin.userId, { deploymentId: two?.id, instead: one?.id }],
      ['agent.deployed', other.userId, { deploymentId: two?.id, rollout: 'held', canaryPercent: null }],
      ['agent.created', world.admin.userId, { deploymentId: one?.id }],
    ]);
  });

  test('promote and rollback are of the organization, and need the right to deploy', async () => {
    await deploy('bot:1');
    const viewer = await world.org.member('viewer');
    const stranger = await (await world.server.organization('theirs')).member('owner');
    for (const action of ['promote', 'rollback']) {
      const path = `/v1/organizations/ours/services/bot/${action}`;
      expect((await world.server.call(viewer.token, 'POST', path, {})).status).toBe(403);
      expect([403, 404]).toContain((await world.server.call(stranger.token, 'POST', path, {})).status);
      const own = `/v1/organizations/theirs/services/bot/${action}`;
      expect((await world.server.call(stranger.token, 'POST', own, {})).status).toBe(404);
    }
  });

  describe('the digest of a tag', () => {
    const digest = (fill: string) => `sha256:${fill.repeat(64)}`;
    const digests = () =>
      [...world.worker.instances.keys()].map((id) => {
        const source = world.specOf(id)?.source;
        return source?.type === 'image' ? source.digest : 'none';
      });

    test('is what all instances run, whatever becomes of the tag; a forced deploy looks again', async () => {
      world.worker.behaviour.digestOf = () => digest('a');
      const scaling = { autoScaling: { minAgents: 2, maxAgents: 3 } };
      await deploy('bot:latest', scaling);
      await allIdle('bot:latest', 2);
      expect(digests().sort()).toEqual([digest('a'), undefined]);
      expect((await world.status()).deployment?.imageDigest).toBe(digest('a'));
      // The tag moves.
      world.worker.behaviour.digestOf = () => digest('b');
      for (let n = 0; n < 3; n++) expect((await world.start()).status).toBe(200);
      await until(() => expect(digests().filter((each) => each === digest('a'))).toHaveLength(2));
      expect((await deploy('bot:latest', scaling)).warning).toContain('--force');
      // Another limit, no image named: the same code.
      const limited = await deploy(undefined, { maxSessionDuration: 100 });
      expect(limited.deployment?.imageDigest).toBe(digest('a'));
      const forced = await deploy('bot:latest', { ...scaling, forceRedeploy: true });
      expect(forced.deployment?.imageDigest).toBeUndefined();
      await until(async () => expect((await world.status()).deployment?.imageDigest).toBe(digest('b')));
    });
  });
});
