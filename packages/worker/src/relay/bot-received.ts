import { Agent, get } from 'node:http';
import type { Tenancy } from '../instances/tenancy.js';
import type { AllowedHop } from './hop.js';

export type BotReceived = ReturnType<typeof createBotReceived>;

/** An agent that answers nothing at all in this time gets the offer all the same: it may have another way to take it. */
const answerTimeoutMs = 2000;

/**
 * A WebRTC offer that overtakes the session's `/bot` starts a bot without its body (contract §9.5). `/bot` was written before the
 * session was accepted; a question on a later connection that is answered shows that the agent has read that far.
 */
export function createBotReceived() {
  const asked = new WeakMap<Tenancy, Promise<void>>();

  return {
    /** Resolves at once for all but the first offers of a session; for those once the agent has taken its `/bot`. Never rejects. */
    async before({ tenancy, address, path }: AllowedHop): Promise<void> {
      if (!isOffer(path)) return;
      const answered = asked.get(tenancy) ?? ask(address);
      asked.set(tenancy, answered);
      await answered;
    },
  };
}

const isOffer = (path: string) => /^\/+(api\/offer|whatsapp)\/?(\?|$)/i.test(path);

function ask(address: string): Promise<void> {
  return new Promise((resolve) => {
    const done = () => resolve();
    const options = { agent: new Agent({ keepAlive: false }), signal: AbortSignal.timeout(answerTimeoutMs) };
    const request = get(`${address}/livez`, options, (response) => {
      done();
      response.on('error', () => undefined).resume();
    });
    // An agent that switches protocols unasked is told by nothing but the close.
    request.on('error', done).on('close', done);
  });
}
