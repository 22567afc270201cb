import type { Command, ObservedInstance } from '@pipecat-cloud/contract/worker';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import { createSlotFitter } from '../agents/agent-slots.js';
import { claimOrder } from '../deployments/claim-order.js';
import { createSessionEnds } from '../sessions/session-ends.js';
import type { Claim } from '../slots/slot-repository.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { createDemandBook } from './demand-book.js';
import { createPass } from './pass.js';

/** What happens, in any order; the number chooses which session, of those that it can happen to. */
const steps = [
  'claim',
  'deliver', // An activation reaches its instance …
  'deliver again', // … a second time, or long after it was given up.
  'give up', // No answer came: the claim is fenced.
  'bot ends',
  'socket closes',
  'cap',
  'end is told',
  'end is told again',
  'bot past its end stops',
  'instance dies',
  'worker goes or comes',
  'limit',
  'look', // The worker says how it is; until then the control plane goes by what was said before.
  'pass',
] as const;
type Step = readonly [(typeof steps)[number], number];

interface Held extends Claim {
  sessionId: string;
  /** What the instance did with it; undefined while it has not heard. */
  accepted?: boolean;
  open: boolean;
  /** Nobody waits for it any more: whatever its instance makes of it is void. */
  givenUp?: true;
  /** Its end as the worker would report it. */
  ended?: 'completed' | 'socket_closed' | 'duration_exceeded' | 'instance_exited';
}
/** An instance as it is, whatever the control plane believes. It trusts epochs and nothing else: who may come is not its matter. */
interface Instance {
  epoch: number;
  bots: Set<string>;
  state: ObservedInstance['state'];
}

type Story = readonly Step[0][];
/** Until an instance is made, seen and ready. */
const warm: Story = ['look', 'pass', 'look', 'pass', 'look', 'pass', 'look'];
/** Found by chance, these take long; each is a way in which a rule has to hold. */
const stories: readonly Story[] = [
  // What the worker said of the instance is older than the session: its bot goes on, and the instance looks idle.
  [...warm, 'claim', 'deliver', 'socket closes', 'end is told', 'pass', 'claim', 'deliver'],
  // One instance after the other is set aside: no more than half of them get another in their place.
  Array<Story>(3)
    .fill([...warm, 'claim', 'deliver', 'look', 'cap', 'look', 'end is told', 'pass'])
    .flat(),
  // Given up, and accepted after all.
  [...warm, 'claim', 'give up', 'deliver again', 'look', 'pass'],
  // Two on one instance, one after the other.
  Array<Story>(2)
    .fill([...warm, 'claim', 'deliver', 'look', 'bot ends', 'look', 'end is told', 'pass'])
    .flat(),
];

const log = pino({ enabled: false });

describe.each(databases)('slots on $name', (database) => {
  let world: TwoOrganizations;
  beforeAll(async () => {
    world = await openTwoOrganizations(database);
  });
  afterAll(() => world.drop());

  /** One agent with a worker. */
  async function open(maxAgents: number) {
    const { store, acme, clock, ids } = world;
    const now = clock.now().toISOString();
    const deploymentId = ids.id();
    let agent = {
      ...{ id: ids.id(), organizationId: acme.id, name: ids.id(), region: 'us-west', minAgents: 1, maxAgents },
      ...{ reuseMaxSessions: null, reuseMaxMemoryPercent: null, websocketAuth: 'none', deletedAt: null },
      ...{ desiredDeploymentId: deploymentId, liveDeploymentId: deploymentId, reconciledDeploymentId: deploymentId },
      ...{ fallbackDeploymentIds: [], canaryPercent: null, startsHeld: false, createdAt: now, updatedAt: now },
    } as Agent;
    await store.agents.insert(agent);
    await store.deployments.insert({
      ...{ id: deploymentId, organizationId: acme.id, agentId: agent.id, image: 'i', buildId: null, secretSet: null },
      ...{ imagePullSecretSet: null, profile: 'agent-1x', cpu: '500m', memory: '1Gi', architecture: null },
      ...{ maxSessionSeconds: null, krispAudioFilter: null, phase: 'Active', phaseStartedAt: now, startFailures: 0 },
      ...{ error: null, createdAt: now, updatedAt: now },
    });
    const fitSlots = createSlotFitter(world);
    await store.transaction((repos) => fitSlots(repos, agent, maxAgents));

    const instances = new Map<string, Instance>();
    const held: Held[] = [];
    let here = true;
    let greatestLimit = maxAgents;

    const observe = ([instanceId, { epoch, bots, state }]: [string, Instance]): [string, ObservedInstance] => {
      const holder = held.find((one) => one.instanceId === instanceId && one.accepted && bots.has(one.sessionId));
      const inSession = holder && !holder.ended ? { sessionId: holder.sessionId } : {};
      const running = bots.size > 0 ? (holder?.ended ? 'settling' : 'busy') : state;
      return [instanceId, { instanceId, epoch, state: running, ...inSession }];
    };
    async function command(_: string, order: Command): Promise<void> {
      if (order.do === 'ensure' && !instances.has(order.spec.instanceId))
        instances.set(order.spec.instanceId, { epoch: 0, bots: new Set(), state: 'ready' });
      if (order.do === 'remove') end(order.instanceId, true);
    }
    function end(instanceId: string, forget: boolean): void {
      const instance = instances.get(instanceId);
      if (!instance) return;
      for (const one of held)
        if (one.instanceId === instanceId && instance.bots.has(one.sessionId)) one.ended ??= 'instance_exited';
      instance.bots.clear();
      instance.state = 'exited';
      if (forget) instances.delete(instanceId);
    }
    let said = new Map<string, ObservedInstance>();
    const look = () => {
      if (here) said = new Map([...instances].map(observe));
    };
    const workers = {
      observed: () => new Map(here ? [['w', said] as const] : []),
      command,
      wasEnsured: () => true,
      awayMs: () => 0,
      isEnding: () => false,
      runningMs: () => performance.now(),
      pick: () => (here ? 'w' : undefined),
    } as unknown as WorkerChannel;
    const ends = createSessionEnds({ store, clock, spend: { charge: async () => {} } });
    const pass = createPass({
      ...{
        store,
        clock,
        ids,
        log,
        workers,
        ends,
        secretsOf: async () => ({ environment: {} }),
        registryOf: async () => undefined,
        nudge: () => {},
      },
      ...{ demand: createDemandBook(world), onPlaces: () => {}, removeLogs: async () => {} },
      scopeOf: async () => undefined,
      isStarting: (id) => held.some(({ sessionId, open: isOpen }) => sessionId === id && isOpen),
    });

    async function runPass(): Promise<void> {
      world.clock.advance(200);
      await pass.pass();
      await pass.idle();
    }

    async function claim(): Promise<void> {
      const sessionId = ids.id();
      const choices = claimOrder({ ...agent, liveDeploymentId: deploymentId }, sessionId);
      const order = { agentId: agent.id, choices, sessionId, newInstanceId: ids.id() };
      const claimed = await store.transaction(async (repos) => {
        const slot = await repos.slots.claim(
          { ...order, maxSessions: null, workerIds: here ? ['w'] : [] },
          clock.now(),
        );
        if (!slot) return undefined;
        const { slotId, instanceId, epoch } = slot;
        const at = clock.now().toISOString();
        await repos.sessions.insert({
          ...{ id: sessionId, organizationId: acme.id, agentId: agent.id, deploymentId, slotId, instanceId, epoch },
          ...{ state: 'starting', entry: 'bot', coldStart: !slot.warm, createdAt: at, updatedAt: at },
          ...{ activatedAt: null, endedAt: null, endReason: null, completionStatus: null },
        });
        return slot;
      });
      if (!claimed) return;
      held.push({ ...claimed, sessionId, open: true });
      const openNow = (await store.sessions.listOpen()).filter(({ agentId }) => agentId === agent.id);
      expect(openNow.length, 'sessions above the limit').toBeLessThanOrEqual(agent.maxAgents);
      for (const member of ['slotId', 'instanceId'] as const)
        expect(new Set(openNow.map((one) => one[member])).size, `two open sessions on one ${member}`).toBe(
          openNow.length,
        );
    }

    async function deliver(one: Held): Promise<void> {
      const instance = instances.get(one.instanceId);
      if (instance && one.open && one.accepted === undefined)
        expect(one.epoch, 'a claim that its instance refuses').toBeGreaterThan(instance.epoch);
      // Another answer than a yes is a refusal, also of the second of two alike where the first was refused.
      if (!here || !instance || instance.state !== 'ready' || one.epoch <= instance.epoch) return;
      expect(instance.bots.size, 'a second session on an instance whose bot still runs').toBe(0);
      instance.epoch = one.epoch;
      instance.bots.add(one.sessionId);
      one.accepted = true;
      if (one.open) await store.sessions.activate(one.sessionId, one.epoch, clock.now(), 1);
    }

    async function tell(one: Held): Promise<void> {
      if (!one.ended || !here) return;
      one.open = false;
      const slot = one.ended === 'duration_exceeded' ? 'quarantined' : 'settling';
      const at = clock.now().toISOString();
      await ends.end({ sessionId: one.sessionId, epoch: one.epoch, reason: one.ended, at, slot });
    }

    async function giveUp(one: Held): Promise<void> {
      one.open = false;
      one.givenUp = true;
      const at = clock.now().toISOString();
      await ends.end({ sessionId: one.sessionId, epoch: one.epoch, reason: 'start_failed', at, slot: 'fenced' });
    }

    const isRunning = (one: Held) =>
      one.accepted === true && instances.get(one.instanceId)?.bots.has(one.sessionId) === true;
    const choose = (number: number, from: Held[]) => from[number % Math.max(1, from.length)];

    async function take([step, number]: Step): Promise<void> {
      const of = (which: (one: Held) => boolean) => choose(number, held.filter(which));
      switch (step) {
        case 'claim':
          return await claim();
        case 'deliver': {
          const one = of((each) => each.open && each.accepted === undefined);
          return one && (await deliver(one));
        }
        case 'deliver again': {
          const one = of(() => true);
          return one && (await deliver(one));
        }
        case 'give up': {
          const one = of((each) => each.open && !each.accepted);
          return one && (await giveUp(one));
        }
        case 'bot ends': {
          const one = of((each) => isRunning(each) && !each.ended);
          if (one) instances.get(one.instanceId)?.bots.delete(one.sessionId);
          if (one) one.ended = 'completed';
          return;
        }
        case 'socket closes':
        case 'cap': {
          const one = of((each) => isRunning(each) && !each.ended);
          if (one) one.ended = step === 'cap' ? 'duration_exceeded' : 'socket_closed';
          return;
        }
        case 'end is told':
        case 'end is told again': {
          const one = of((each) => each.ended !== undefined && (step === 'end is told again' || each.open));
          return one && (await tell(one));
        }
        case 'bot past its end stops': {
          const one = of((each) => isRunning(each) && each.ended !== undefined);
          if (one) instances.get(one.instanceId)?.bots.delete(one.sessionId);
          return;
        }
        case 'instance dies': {
          const [...all] = instances.keys();
          const instanceId = all[number % Math.max(1, all.length)];
          if (instanceId) end(instanceId, false);
          return;
        }
        case 'worker goes or comes':
          here = !here;
          look();
          return;
        case 'look':
          return look();
        case 'limit': {
          const limit = 1 + (number % 4);
          await store.transaction(async (repos) => {
            await repos.agents.update(acme.id, agent.id, { maxAgents: limit }, clock.now());
            await fitSlots(repos, agent, limit);
          });
          agent = { ...agent, maxAgents: limit };
          greatestLimit = Math.max(limit, greatestLimit);
          return;
        }
        case 'pass':
          return await runPass();
      }
    }

    async function checkSpares(): Promise<void> {
      const slots = await store.slots.listOfAgent(acme.id, agent.id);
      const spares = slots.filter(({ spare, state }) => spare && state === 'quarantined');
      // Half of the greatest limit: one that was lowered leaves those that were set aside before.
      expect(spares.length, 'quarantined spares').toBeLessThanOrEqual(Math.ceil(greatestLimit / 2));
    }

    /** Everything is told, every bot stops, and the worker is here: the agent has all of its places again, and nothing else. */
    async function settleAll(): Promise<void> {
      here = true;
      for (let n = 0; n < 3; n++) {
        look();
        await runPass();
      }
      const undead = held.filter((one) => one.givenUp && isRunning(one));
      expect(undead, 'bots of sessions that were given up').toEqual([]);
      for (const one of held) {
        if (isRunning(one) && !one.ended) one.ended = 'completed';
        instances.get(one.instanceId)?.bots.delete(one.sessionId);
        await tell(one);
        if (one.open) await giveUp(one);
      }
      for (let n = 0; n < 12; n++) {
        look();
        await runPass();
      }
      const slots = await store.slots.listOfAgent(acme.id, agent.id);
      const places = slots.filter(({ spare, state }) => !spare && (state === 'empty' || state === 'ready'));
      expect(places.length, 'places that are left').toBe(agent.maxAgents);
      expect(slots.length, 'slots without use').toBe(agent.maxAgents + 1);
      const used = new Set(slots.flatMap(({ instanceId }) => instanceId ?? []));
      expect(
        [...instances.keys()].filter((id) => !used.has(id)),
        'orphans',
      ).toEqual([]);
    }

    /** The next run has the database to itself. */
    async function remove(): Promise<void> {
      await store.agents.markDeleted(acme.id, agent.id, clock.now());
      for (const slot of await store.slots.listAll()) await store.slots.remove(slot);
    }

    return { take, checkSpares, settleAll, runPass, look, remove };
  }

  test('whatever is lost, late or doubled: one session an instance, never above the limit, and all places come back', async () => {
    const example = (story: Story): [number, [Step[0], number][]] => [1, story.map((step) => [step, 0])];
    const anyStep = fc.tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('claim', 'deliver', 'look', 'pass') },
        fc.constantFrom(...steps),
      ),
      fc.nat(11),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(anyStep, { minLength: 20, maxLength: 80, size: 'max' }),
        async (limit, todo) => {
          const agent = await open(limit);
          try {
            for (let n = 0; n < 2; n++) {
              await agent.runPass();
              agent.look();
            }
            for (const step of todo) {
              await agent.take(step as Step);
              await agent.checkSpares();
            }
            await agent.settleAll();
          } finally {
            await agent.remove();
          }
        },
      ),
      { numRuns: database.name === 'SQLite' ? 60 : 10, endOnFailure: true, examples: stories.map(example) },
    );
  });
});
