import { randomUUID } from 'node:crypto';
import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';
import type { StartedSession } from '@pipecat-cloud/contract/sessions';
import { WebSocket } from 'ws';
import type { Recorder } from '../world/recorder.js';
import type { Tenant } from '../world/tenants.js';
import { now, pause } from '../world/wait.js';

/** Nobody waits longer for a conversation to begin. */
const startPatienceMs = 45_000;

/** What the bot of a session is to do; see the prover's agent. */
export interface Order {
  seconds: number;
  does: 'talk' | 'crash' | 'vanish' | 'gorge' | 'hang' | 'fail' | 'ignore' | 'linger';
  lingers?: number;
}
export interface Held {
  session: string;
  request: string;
}
export type Caller = ReturnType<typeof createCaller>;

/** One organization's callers: every request and every answer is recorded. What the API says is kept, to search it for secrets. */
export function createCaller(tenant: Tenant, recorder: Recorder, said: (text: string) => void) {
  const { client, name: organization } = tenant;

  /** Status of an answer, or undefined where none came. */
  async function statusOf(work: Promise<unknown>): Promise<number | undefined> {
    try {
      await work;
      return 200;
    } catch (error) {
      if (error instanceof ApiError) {
        said(JSON.stringify(error.body ?? error.message));
        return error.status;
      }
      if (error instanceof NetworkError) return undefined;
      throw error;
    }
  }

  const begin = (agent: string, body: object) =>
    client.request<StartedSession>('POST', `/v1/organizations/${organization}/services/${agent}/sessions`, {
      body,
      timeoutMs: startPatienceMs,
    });

  return {
    tenant,
    statusOf,

    /** Starts a session; undefined where it was refused or no answer came. */
    async start(agent: string, order: Order, capMs: number): Promise<Held | undefined> {
      const request = `r-${randomUUID()}`;
      recorder.record({ type: 'start', request, organization, agent, entry: 'bot', capMs });
      let session: string | undefined;
      const status = await statusOf(
        begin(agent, { body: { request, organization, ...order } }).then((started) => {
          session = started.sessionId;
        }),
      );
      recorder.record({
        type: 'started',
        request,
        ...(session === undefined ? {} : { session }),
        ...(status === undefined ? {} : { status }),
      });
      return session === undefined ? undefined : { session, request };
    },

    /** Opens a socket session, sends on it, and hangs up after so long unless the bot does so before. False: there was none. */
    async talk(
      agent: string,
      order: Order,
      { forMs, capMs, onOpen }: { forMs: number; capMs: number; onOpen: (session: string) => void },
    ): Promise<boolean> {
      const request = `r-${randomUUID()}`;
      let address: { wsUrl: string; session: string } | undefined;
      await statusOf(
        begin(agent, { transport: 'websocket', body: { request, organization, ...order } }).then(
          ({ wsUrl = '', token = '', body = '', sessionId }) => {
            address = { wsUrl: `${wsUrl}?${new URLSearchParams({ token, body })}`, session: sessionId };
          },
        ),
      );
      if (!address) return false;
      const { wsUrl, session } = address;
      recorder.record({ type: 'start', request, organization, agent, entry: 'socket', capMs });
      const socket = new WebSocket(wsUrl, { handshakeTimeout: 60_000, perMessageDeflate: false });
      const status = await new Promise<number | undefined>((resolve) => {
        socket.on('open', () => resolve(200));
        socket.on('unexpected-response', (_request, response) => {
          response.resume();
          resolve(response.statusCode);
        });
        socket.on('error', () => resolve(undefined));
      });
      recorder.record({ type: 'started', request, session, ...(status === undefined ? {} : { status }) });
      if (status !== 200) return false;
      onOpen(session);
      const talking = setInterval(() => socket.send(JSON.stringify({ at: now() })), 200);
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      let hungUp = false;
      const hangUp = setTimeout(() => {
        hungUp = true;
        recorder.record({ type: 'hang-up', session });
        socket.close();
      }, forMs);
      await closed;
      if (!hungUp) recorder.record({ type: 'cut', session });
      clearTimeout(hangUp);
      clearInterval(talking);
      return true;
    },

    async stop(agent: string, session: string): Promise<void> {
      recorder.record({ type: 'stop', session });
      await statusOf(client.stopSession(organization, agent, session));
    },

    /** Stops a session until it is told as ended, or the signal aborts: a client that hears nothing asks again, for minutes. */
    async end(agent: string, session: string, signal?: AbortSignal): Promise<void> {
      for (let attempt = 0; attempt < 200 && !signal?.aborted; attempt++) {
        await this.stop(agent, session);
        if (await this.look(agent, session)) return;
        await pause(500, signal);
      }
    },

    /** A request to the session's own bot, as a browser would make it. */
    async ask(agent: string, session: string): Promise<void> {
      try {
        const url = `${tenant.url}/v1/public/${agent}/sessions/${session}/who`;
        const response = await fetch(url, {
          headers: { authorization: `Bearer ${tenant.publicKey}` },
          signal: AbortSignal.timeout(15_000),
        });
        const text = await response.text();
        if (!response.ok) return said(text);
        const answer = JSON.parse(text) as { instance: string; session: string | null };
        recorder.record({ type: 'relayed', session, instance: answer.instance, answeredBy: answer.session });
      } catch {
        // No answer says nothing.
      }
    },

    /** Asks what became of a session, and records it. True once it has ended. */
    async look(agent: string, session: string): Promise<boolean> {
      const asked = now();
      try {
        const { state, endedAt, endReason } = await client.getSession(organization, agent, session);
        recorder.record({
          type: 'seen',
          session,
          asked,
          state,
          ...(endedAt === null ? {} : { ended: Date.parse(endedAt) }),
          ...(endReason === null ? {} : { reason: endReason }),
        });
        return state === 'ended';
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          recorder.record({ type: 'seen', session, asked, state: 'unknown' });
        }
        return false;
      }
    },

    /** Changes an agent's limits. */
    async limit(agent: string, minAgents: number, maxAgents: number): Promise<boolean> {
      const call = randomUUID();
      recorder.record({ type: 'limit', call, organization, agent, sessions: maxAgents, warm: minAgents });
      const status = await statusOf(
        client.updateService(organization, { serviceName: agent, autoScaling: { minAgents, maxAgents } }),
      );
      recorder.record({ type: 'limited', call, ...(status === undefined ? {} : { status }) });
      return status === 200;
    },
  };
}
