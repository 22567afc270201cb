import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import { afterEach, expect, test, vi } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { awaitReady, StartTimedOut } from './await-ready.js';

afterEach(() => void vi.useRealTimers());

function waiting(locate: () => { workerId: string; instance: ObservedInstance } | undefined, deadline?: AbortSignal) {
  const workers = { locate, placeAwayMs: () => 0, subscribe: () => () => true, runningMs: () => performance.now() };
  return awaitReady(workers as unknown as WorkerChannel, {
    ...{ agent: { name: 'bot', organizationId: 'o' } as Agent, instanceId: 'i', sessionId: 's', epoch: 1 },
    ...{ place: { scope: undefined, architecture: undefined }, deadline: deadline ?? new AbortController().signal },
  });
}

test('a deadline that has passed already counts', async () => {
  await expect(waiting(() => undefined, AbortSignal.abort())).rejects.toBeInstanceOf(StartTimedOut);
});

test('an engine that is restarted is waited for; of one that stays away the caller is told, with what to do', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  const instance: ObservedInstance = { instanceId: 'i', epoch: 0, state: 'preparing' };
  const answered = vi.fn();
  const refused = waiting(() => ({ workerId: 'w', instance })).catch(answered);
  const passes = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
  instance.delayed = 'The engine does not answer.';
  await passes(10);
  delete instance.delayed;
  await passes(10);
  instance.delayed = 'The engine does not answer.';
  await passes(10);
  expect(answered).not.toHaveBeenCalled();
  await passes(10);
  await refused;
  expect(answered).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({
      status: 503,
      message: expect.stringMatching(
        /'bot' has no warm instance.*The engine does not answer\. .*not started\. Try again/,
      ),
      details: { reason: 'PCC-ENGINE-AWAY' },
      headers: { 'retry-after': '10' },
    }),
  );
});
