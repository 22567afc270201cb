import { expect, test } from 'vitest';
import { checkCsrf } from './csrf.js';

const publicUrl = 'http://localhost:7400';
const check = (method: string, headers: Record<string, string>) => () => checkCsrf({ method, headers }, publicUrl);

test.each([
  { origin: publicUrl, 'x-pipecat-csrf': '1' },
  { 'sec-fetch-site': 'same-origin', 'x-pipecat-csrf': '1' },
])('a write from our own page passes: %o', (headers) => {
  expect(check('POST', headers)).not.toThrow();
});

test.each([
  {},
  { 'x-pipecat-csrf': '1' },
  { origin: publicUrl },
  { origin: 'null', 'sec-fetch-site': 'same-origin', 'x-pipecat-csrf': '1' },
  { origin: 'http://localhost:7401', 'x-pipecat-csrf': '1' },
  { origin: 'https://localhost:7400', 'x-pipecat-csrf': '1' },
  { origin: `${publicUrl}.evil.example`, 'x-pipecat-csrf': '1' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin', 'x-pipecat-csrf': '1' },
  { 'sec-fetch-site': 'same-site', 'x-pipecat-csrf': '1' },
  { 'sec-fetch-site': 'cross-site', 'x-pipecat-csrf': '1' },
  { 'sec-fetch-site': 'none', 'x-pipecat-csrf': '1' },
])('a write from anywhere else is refused: %o', (headers: Record<string, string>) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(check(method, headers)).toThrow(publicUrl);
});

test('reads pass', () => {
  expect(check('GET', { origin: 'https://evil.example' })).not.toThrow();
});
