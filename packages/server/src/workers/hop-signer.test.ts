import { generateKeyPairSync } from 'node:crypto';
import type { HopClaims } from '@pipecat-cloud/contract/worker';
import { expect, test } from 'vitest';
import { createHopSigner } from './hop-signer.js';

const target = { instanceId: 'i-1', sessionId: 's-1', epoch: 1 };

function signerAt(start: number) {
  let seconds = start;
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = createHopSigner(privateKey, { now: () => new Date(seconds * 1000) });
  const sign = () => {
    const [claims = ''] = signer.sign(target).split('.');
    return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as HopClaims).expires - seconds;
  };
  return { sign, move: (by: number) => (seconds += by) };
}

test.each([3_600, -3_600])('a clock that is set by %i s makes no hop that has expired, or that never does', (by) => {
  const { sign, move } = signerAt(1_000_000);
  expect(sign()).toBe(60);
  move(by);
  expect(sign()).toBe(60);
});

test('a signature is used again while at least half of its time is left', () => {
  const { sign, move } = signerAt(1_000_000);
  sign();
  move(20);
  expect(sign()).toBe(40);
  move(15);
  expect(sign()).toBe(60);
});
