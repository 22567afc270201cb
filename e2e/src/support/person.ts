import { createClient } from '@pipecat-cloud/contract/client';
import type { Cloud } from './cloud.js';

export type Person = ReturnType<typeof anybody>;

/** A client that keeps the session's cookie, as a browser does: what a person may, no token may. */
function anybody(cloud: Cloud) {
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
  /** `cookie`: of the session, as `name=value`. */
  return Object.assign(createClient({ host: cloud.url, fetch: send }), { cookie: () => cookie });
}

/** The owner, signed in at the dashboard for the first time. */
export async function signInOwner(cloud: Cloud, email = 'owner@example.com'): Promise<Person> {
  const code = /\/setup#code=(\S+)/.exec(cloud.process.stdout())?.[1] ?? '';
  const owner = anybody(cloud);
  await owner.setUp({ code, email });
  return owner;
}

/** Somebody who comes by the link of an invitation. */
export async function acceptInvitation(cloud: Cloud, link: string): Promise<Person> {
  const newcomer = anybody(cloud);
  await newcomer.acceptAsNewcomer({ code: new URLSearchParams(new URL(link).hash.slice(1)).get('code') ?? '' });
  return newcomer;
}
