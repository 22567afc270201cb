import type { PulledImage } from '@pipecat-cloud/contract/worker';
import { afterEach, expect, test, vi } from 'vitest';
import { DriverError } from './drivers/driver.js';
import { type Rig, startRig } from './test-rig/rig.js';

let rig: Rig;
afterEach(() => rig.close());

test('images that nothing here uses are told, and forgotten when nobody needs them; one that is in use is not', async () => {
  const [idle, used] = ['a', 'b'].map((hex): PulledImage => ({ name: 'r/bot', digest: `sha256:${hex.repeat(64)}` }));
  if (!idle || !used) throw new Error('there are two');
  const forgotten: PulledImage[] = [];
  rig = await startRig({
    wrapDriver: (driver) => ({
      ...driver,
      unusedImages: async () => [idle, used].filter((one) => !forgotten.some(({ digest }) => digest === one.digest)),
      async forgetImage(image) {
        if (image.digest === used.digest) throw new DriverError('PCC_UNKNOWN_ERROR', 'The image is in use');
        forgotten.push(image);
      },
    }),
  });
  await rig.ready();
  const told = () => rig.control.messages.findLast((message) => message.type === 'unused-images')?.images;
  await vi.waitFor(() => expect(told()).toEqual([idle, used]));
  expect(await rig.control.command({ do: 'forget-image', image: idle })).toMatchObject({ ok: true });
  expect(forgotten).toEqual([idle]);
  expect(await rig.control.command({ do: 'forget-image', image: used })).toMatchObject({ refusal: 'busy' });
  await vi.waitFor(() => expect(told()).toEqual([used]));
});
