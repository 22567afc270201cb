import { roles } from '@pipecat-cloud/contract/permissions';
import { defaultPolicy, type Policy } from '@pipecat-cloud/contract/policies';
import { describe, expect, test } from 'vitest';
import { blockedBy, type PolicyFacts } from './policy-rules.js';

const dayMs = 24 * 60 * 60 * 1000;
const made = new Date('2026-03-01T12:00:00.000Z');
const day = (count: number, ms = 0) => new Date(made.getTime() + count * dayMs + ms).toISOString();
const facts = (given: Partial<PolicyFacts> = {}): PolicyFacts => ({
  kind: 'personal',
  ownerRole: 'developer',
  createdAt: made.toISOString(),
  expiresAt: day(30),
  lastUsedAt: null,
  ...given,
});
const ruleOf = (policy: Partial<Policy>, given: Partial<PolicyFacts>, now = day(1), address = '192.0.2.7') =>
  blockedBy({ ...defaultPolicy, ...policy }, facts(given), { now: new Date(now), address })?.rule;

describe('the policy of an organization', () => {
  test('asks nothing by default, of any token', () => {
    for (const kind of ['personal', 'serviceAccount', 'ci'] as const)
      for (const ownerRole of roles)
        expect(ruleOf({}, { kind, ownerRole, expiresAt: null }, day(3000))).toBeUndefined();
  });

  test('longest life counts from the making of a token to its end, to the millisecond', () => {
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: day(30) })).toBeUndefined();
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: day(30, 1) })).toBe('maxTokenDays');
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: day(30, 1), kind: 'serviceAccount' })).toBe('maxTokenDays');
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: null })).toBe('maxTokenDays');
    // The life that is left makes no difference.
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: day(31) }, day(30, 5))).toBe('maxTokenDays');
    expect(ruleOf({ maxTokenDays: 30 }, { expiresAt: 'never' })).toBe('maxTokenDays');
  });

  test('an end may be required, of any length', () => {
    expect(ruleOf({ expiryRequired: true }, { expiresAt: null })).toBe('expiryRequired');
    expect(ruleOf({ expiryRequired: true }, { expiresAt: null, kind: 'serviceAccount' })).toBe('expiryRequired');
    expect(ruleOf({ expiryRequired: true }, { expiresAt: day(3650) })).toBeUndefined();
  });

  test('unused counts from the last use, and from the making of a token that was never used', () => {
    expect(ruleOf({ revokeUnusedAfterDays: 10 }, {}, day(10))).toBeUndefined();
    expect(ruleOf({ revokeUnusedAfterDays: 10 }, {}, day(10, 1))).toBe('revokeUnusedAfterDays');
    expect(ruleOf({ revokeUnusedAfterDays: 10 }, { lastUsedAt: day(5) }, day(15))).toBeUndefined();
    expect(ruleOf({ revokeUnusedAfterDays: 10 }, { lastUsedAt: day(5) }, day(15, 1))).toBe('revokeUnusedAfterDays');
    expect(ruleOf({ revokeUnusedAfterDays: 10 }, { lastUsedAt: 'some day' })).toBe('revokeUnusedAfterDays');
  });

  test('networks hold for every kind of token', () => {
    for (const kind of ['personal', 'serviceAccount', 'ci'] as const) {
      expect(ruleOf({ allowedNetworks: ['192.0.2.0/24'] }, { kind })).toBeUndefined();
      expect(ruleOf({ allowedNetworks: ['192.0.2.0/24'] }, { kind }, day(1), '::ffff:192.0.2.9')).toBeUndefined();
      expect(ruleOf({ allowedNetworks: ['192.0.2.0/24'] }, { kind }, day(1), '198.51.100.1')).toBe('allowedNetworks');
    }
  });

  test.each([
    ['everyone', 'viewer', undefined],
    ['admins', 'developer', 'personalTokens'],
    ['admins', 'viewer', 'personalTokens'],
    ['admins', 'admin', undefined],
    ['admins', 'owner', undefined],
    ['nobody', 'owner', 'personalTokens'],
  ] as const)('personal tokens of %s: that of a %s is stopped by %s', (personalTokens, ownerRole, rule) => {
    expect(ruleOf({ personalTokens }, { ownerRole })).toBe(rule);
    expect(ruleOf({ personalTokens }, { ownerRole, kind: 'serviceAccount' })).toBeUndefined();
    expect(ruleOf({ personalTokens }, { ownerRole, kind: 'ci' })).toBeUndefined();
  });

  test('approval is asked for personal tokens only; what was denied stays out, asked for or not', () => {
    expect(ruleOf({ approvalRequired: true }, {})).toBe('approvalRequired');
    expect(ruleOf({ approvalRequired: true }, { decision: 'pending' })).toBe('approvalRequired');
    expect(ruleOf({ approvalRequired: true }, { decision: 'approved' })).toBeUndefined();
    expect(ruleOf({ approvalRequired: true }, { kind: 'serviceAccount' })).toBeUndefined();
    expect(ruleOf({ approvalRequired: true }, { decision: 'denied' })).toBe('denied');
    expect(ruleOf({}, { decision: 'denied' })).toBe('denied');
    expect(ruleOf({}, { decision: 'pending' })).toBeUndefined();
  });

  test('the sentence names the figures, the address and the way out', () => {
    const stop = (policy: Partial<Policy>, given: Partial<PolicyFacts> = {}) =>
      blockedBy({ ...defaultPolicy, ...policy }, facts(given), { now: new Date(day(9)), address: '198.51.100.1' })
        ?.sentence;
    expect(stop({ maxTokenDays: 7 })).toMatch(/7 days at most.*2026-03-01.*2026-03-31.*expires sooner/);
    expect(stop({ revokeUnusedAfterDays: 1 }, { lastUsedAt: day(2) })).toMatch(/1 day, .*last used on 2026-03-03/);
    expect(stop({ allowedNetworks: ['10.0.0.0/8'] })).toMatch(/198\.51\.100\.1.*ask an admin/);
    expect(stop({ personalTokens: 'admins' })).toMatch(/developer.*service account/);
  });
});
