import { createClient } from '@pipecat-cloud/contract/client';
import type { Cloud } from './cloud.js';

/** The owner, signed in at the dashboard for the first time, as a client with the session's cookie: what a person may, no token may. */
export async function signInOwner(cloud: Cloud) {
  const code = /\/setup#code=(\S+)/.exec(cloud.process.stdout())?.[1] ?? '';
  let cookie = '';
  const send: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('origin', cloud.url);
    headers.set('x-pipecat-csrf', '1');
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(input, { ...init, headers });
    for (const set of response.headers.getSetCookie()) cookie = set.split(';')[0] ?? '';
    return response;
  };
  const owner = createClient({ host: cloud.url, fetch: send });
  await owner.setUp({ code, email: 'owner@example.com' });
  return owner;
}
