import { expect, test } from 'vitest';
import { createFakeClock } from '../testing/harness.js';
import { createThrottle } from './throttle.js';

test('refuses an address after its failures, says for how long, and forgets them with the window', () => {
  const clock = createFakeClock();
  const throttle = createThrottle({ clock, limit: 2, windowSeconds: 60 });
  throttle.fail('a');
  throttle.check('a');
  throttle.fail('a');
  clock.advance(20_000);
  expect(() => throttle.check('a')).toThrow('wait 40 seconds');
  throttle.check('b');
  clock.advance(40_000);
  throttle.check('a');
});

test('a clock that is set back keeps nobody out for longer', () => {
  const clock = createFakeClock();
  const throttle = createThrottle({ clock, limit: 1, windowSeconds: 60 });
  throttle.fail('a');
  clock.advance(-3_600_000);
  throttle.check('a');
});

test('what is given back counts no more, and nobody gets credit', () => {
  const throttle = createThrottle({ clock: createFakeClock(), limit: 2, windowSeconds: 60 });
  throttle.fail('a', 5);
  expect(() => throttle.check('a')).toThrow('wait');
  throttle.forgive('a', 4);
  throttle.check('a');
  throttle.forgive('a', 100);
  throttle.fail('a', 2);
  expect(() => throttle.check('a')).toThrow('wait');
});

test.each([
  ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff:abcd:1:1', '2001:db8:1:3::1'],
  ['2001:db8::1', '2001:DB8:0:0:1::', '2001:db8:0:1::1'],
  ['fe80::1%eth0', 'fe80::2%eth1', 'fe80:0:0:1::1'],
  ['::1', '::2', '0:0:0:1::1'],
  ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.2'],
  ['2001:db8:1:2::1 org/agent', '2001:db8:1:2::2 org/agent', '2001:db8:1:2::1 org/other'],
])('%s and %s are one source, %s is another', (one, same, other) => {
  const throttle = createThrottle({ clock: createFakeClock(), limit: 1, windowSeconds: 60 });
  throttle.fail(one);
  expect(() => throttle.check(same)).toThrow('wait');
  throttle.check(other);
});
