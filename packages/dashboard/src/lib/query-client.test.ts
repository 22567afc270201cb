import { ApiError } from '@pipecat-cloud/contract/client';
import { expect, test } from 'vitest';
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
