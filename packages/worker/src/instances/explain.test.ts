import { expect, test } from 'vitest';
import { neverReady } from './explain.js';
import { createInstance } from './instance.js';

const silent = createInstance({ labels: { instanceId: 'i' } } as never, 'starting');

test('an agent that listens elsewhere is told where it should have', () => {
  expect(neverReady({ ...silent, address: 'http://127.0.0.1:34613' }, 120)).toBe(
    'Nothing answered on port 34613 within 120 s; an agent has to listen on the port in its variable PORT',
  );
  expect(neverReady(silent, 120)).toContain('Nothing answered on its port within 120 s');
});

test('one that answers and is not ready is told that', () => {
  expect(neverReady({ ...silent, answers: true }, 5)).toBe(
    'It answered within 5 s, but always that it is not ready: 503 to GET /readyz',
  );
});
