import { describe, expect, test } from 'vitest';
import { allowsAddress, isValidNetwork } from './networks.js';

describe('networks', () => {
  test.each(['192.0.2.1', '10.0.0.0/8', '10.1.2.3/8', '0.0.0.0/0', '::1', '2001:db8::/32', '::/0', 'fe80::1%eth0'])(
    '%s is one',
    (text) => expect(isValidNetwork(text)).toBe(true),
  );
  test.each([
    ...['', 'all', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0', '010.0.0.1', '10.0.0.0/8 '],
    ...['2001:db8::/129', '2001:db8::/x', '10.0.0.0/8/8', '10.0.0.1-10.0.0.9', '1.2.3.4,5.6.7.8', '[::1]', '*.2.3.4'],
  ])('%j is none', (text) => expect(isValidNetwork(text)).toBe(false));

  test.each<[networks: string[], address: string, allowed: boolean]>([
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.1.2.3/8'], '10.9.9.9', true],
    [['192.0.2.1'], '192.0.2.1', true],
    [['192.0.2.1'], '192.0.2.2', false],
    [['192.0.2.0/24', '2001:db8::/32'], '2001:db8:1::5', true],
    [['192.0.2.0/24', '2001:db8::/32'], '2001:db9::5', false],
    // IPv4 that a dual-stack socket reports as IPv6, and rules written in that form.
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8'], '::FFFF:0a01:0203', true],
    [['10.0.0.0/8'], '::ffff:11.1.2.3', false],
    [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
    [['::ffff:10.0.0.0/104'], '11.1.2.3', false],
    [['::/0'], '10.1.2.3', false],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['0.0.0.0/0'], '198.51.100.7', true],
    [['fe80::/10'], 'fe80::1%eth0', true],
    // The embedded form with other bits before it is not IPv4.
    [['10.0.0.0/8'], '64:ff9b::10.1.2.3', false],
    [[], '10.1.2.3', false],
    [['0.0.0.0/0', '::/0'], '', false],
    [['0.0.0.0/0'], '10.0.0.0/8', false],
    [['nonsense'], '10.1.2.3', false],
    [['nonsense', '10.1.2.3'], '10.1.2.3', true],
  ])('%j and %s: %s', (networks, address, allowed) => {
    expect(allowsAddress(networks, address)).toBe(allowed);
    expect(allowsAddress(networks, address)).toBe(allowed);
  });

  test('lists are told apart', () => {
    expect(allowsAddress(['10.0.0.1'], '10.0.0.1')).toBe(true);
    expect(allowsAddress(['10.0.0.1', '10.0.0.2'], '10.0.0.2')).toBe(true);
    expect(allowsAddress(['10.0.0.1'], '10.0.0.2')).toBe(false);
  });
});
