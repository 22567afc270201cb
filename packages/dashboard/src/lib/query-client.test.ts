import { ApiError } from '@pipecat-cloud/contract/client';
import { QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { agentQuery } from '../features/overview/overview-queries';
import { createQueryClient, sessionKey } from './query-client';

const fail = (status: number) => () => Promise.reject(new ApiError(status, { error: 'x', code: '' }, true));

test('an answer that says "signed out" empties the session; other refusals leave it', async () => {
  const client = createQueryClient();
  client.setQueryData(sessionKey, { email: 'ann@acme.example' });
  await client.fetchQuery({ queryKey: ['a'], queryFn: fail(403) }).catch(() => {});
  expect(client.getQueryData(sessionKey)).toEqual({ email: 'ann@acme.example' });
  await client.fetchQuery({ queryKey: ['b'], queryFn: fail(401) }).catch(() => {});
  expect(client.getQueryData(sessionKey)).toBeNull();
});

test('a window that gets the focus reads its agent again, however young that is', async () => {
  vi.stubGlobal('window', new EventTarget());
  const client = createQueryClient();
  client.mount();
  let reads = 0;
  const queryFn = async () => ({ name: `read ${++reads}` }) as never;
  const observer = new QueryObserver(client, { ...agentQuery('acme', 'echo'), queryFn });
  const leave = observer.subscribe(() => {});
  await expect.poll(() => observer.getCurrentResult().data?.name).toBe('read 1');
  window.dispatchEvent(new Event('focus'));
  await expect.poll(() => observer.getCurrentResult().data?.name).toBe('read 2');
  leave();
  client.unmount();
});
