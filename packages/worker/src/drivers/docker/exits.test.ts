import { expect, test } from 'vitest';
import type { InspectedContainer } from './engine-types.js';
import { exitOf } from './exits.js';

const exit = (state: object, killedByKernel = false) =>
  exitOf(
    {
      State: { ExitCode: 137, FinishedAt: '2026-04-20T10:00:00Z', ...state },
      HostConfig: { Memory: 512 * 1024 ** 2 },
    } as InspectedContainer,
    { killedByKernel },
  );

test('what the platform knows of an end is its reason; what an engine says is told apart from it', () => {
  expect(exit({ OOMKilled: true, Error: '' })).toMatchObject({ reason: expect.stringContaining('(512 MiB)') });
  const said = exit({ ExitCode: 127, Error: 'exec: no such file' });
  expect(said).toMatchObject({ code: 127, engineWords: 'exec: no such file' });
  expect(said).not.toHaveProperty('reason');
});

test('an end by force that nothing explains is the kernel’s where the engine does not tell', () => {
  expect(exit({}, true).reason).toMatch(/most likely by the kernel/);
  expect(exit({ Error: 'exec failed' }, true)).not.toHaveProperty('reason');
  expect(exit({}, false)).not.toHaveProperty('reason');
});
