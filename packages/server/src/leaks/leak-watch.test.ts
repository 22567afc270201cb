import { expect, test } from 'vitest';
import type { LeakSite } from './leak-alerts.js';
import { createLeakWatch } from './leak-watch.js';

const site: LeakSite = { organizationId: 'o', kind: 'agent_log', name: 'bot', reference: null };

test('what is seen at whichever moment of the end of a round is looked into', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const raised: string[] = [];
    const looked = Promise.withResolvers<void>();
    const watch = createLeakWatch({
      alerts: {
        raise: async (value) => {
          raised.push(value);
          looked.resolve();
          return true;
        },
      },
      log: { error: () => undefined, warn: () => undefined },
      pauseMs: 0,
    });
    watch.add('first', site, 1);
    await looked.promise;
    for (let turn = 0; turn < turns; turn++) await undefined;
    watch.add('second', site, 1);
    await watch.idle();
    expect(raised).toEqual(['first', 'second']);
  }
});
