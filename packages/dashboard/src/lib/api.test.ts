import { ApiError } from '@pipecat-cloud/contract/client';
import { afterEach, expect, test, vi } from 'vitest';
import { isSignedOut, withCsrf } from './api';

afterEach(() => vi.unstubAllGlobals());

test('every request says that it comes from our own page and keeps its other headers', async () => {
  const send = vi.fn(async (_input: unknown, _init?: RequestInit) => new Response('{}'));
  vi.stubGlobal('fetch', send);
  await withCsrf('http://localhost/x', { method: 'PUT', headers: { accept: 'application/json' }, body: '{}' });
  const init = send.mock.calls[0]?.[1];
  expect([...new Headers(init?.headers)]).toEqual([
    ['accept', 'application/json'],
    ['x-pipecat-csrf', '1'],
  ]);
  expect(init).toMatchObject({ method: 'PUT', body: '{}' });
});

test('only a 401 means signed out', () => {
  const answer = (status: number) => new ApiError(status, { error: 'x', code: String(status) }, true);
  expect([answer(401), answer(403), answer(500), new Error('401')].map(isSignedOut)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
