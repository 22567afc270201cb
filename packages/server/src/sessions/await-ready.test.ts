import { expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { awaitReady, StartTimedOut } from './await-ready.js';

test('a deadline that has passed already counts', async () => {
  const workers = { locate: () => undefined, placeAwayMs: () => 0, subscribe: () => () => true };
  const ready = awaitReady(workers as unknown as WorkerChannel, {
    ...{ agent: { name: 'bot', organizationId: 'o' } as Agent, instanceId: 'i', sessionId: 's' },
    ...{ place: { scope: undefined, architecture: undefined }, deadline: AbortSignal.abort() },
  });
  await expect(ready).rejects.toBeInstanceOf(StartTimedOut);
});
