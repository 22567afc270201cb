import { createHmac, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Authenticator } from '../access/authenticator.js';
import { type Actor, systemActor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import type { Store } from '../db/store.js';
import { AppError, forbidden, notFound } from '../errors.js';
import { callInstance, type InstanceAnswer } from '../gateway/call-instance.js';
import type { RequestRelay } from '../gateway/relay-request.js';
import type { SessionPlaces } from '../gateway/session-places.js';
import type { WebhookAgent, WebhookAgents } from '../gateway/webhook-agents.js';
import type { SecretService } from '../secrets/secret-service.js';
import type { SessionService } from '../sessions/session-service.js';
import type { Clock, Ids } from '../system.js';
import { readCallEvent } from './whatsapp-payload.js';
import type { WhatsappCall } from './whatsapp-repository.js';

interface WhatsappDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  authenticator: Authenticator;
  agents: WebhookAgents;
  sessions: Pick<SessionService, 'start' | 'stop'>;
  secrets: Pick<SecretService, 'secretsOf'>;
  places: SessionPlaces;
  relay: RequestRelay;
  throttle: Throttle;
}
export interface WhatsappRequest {
  organization: string;
  agent: string;
  address: string;
  contentType: string;
  signature: string | undefined;
  body: Buffer;
}

/** Between the row of a call and that of its session, at most and between two looks. */
const [claimMs, lookMs] = [10_000, 25];

/** Calls of WhatsApp Business: each is a session, and Meta's messages about it go to that session's agent (contract §8.8). */
export function createWhatsappWebhook(deps: WhatsappDeps) {
  const { store, clock, ids, log, authenticator, agents, sessions, secrets, places, relay, throttle } = deps;

  /**
   * Meta signs with the secret of the app, which is the agent's: without it no call is taken, as the agent could not either. Where this
   * server holds it, a forgery starts nothing. Where it lies on the machines of a region, only the agent can tell: true then.
   */
  async function leavesCheckToAgent({ agent }: WebhookAgent, { signature = '', body }: WhatsappRequest) {
    const { organizationId, liveDeploymentId } = agent;
    const deployment = liveDeploymentId ? await store.deployments.find(organizationId, liveDeploymentId) : undefined;
    if (!deployment?.secretSet) throw notTaken();
    const { environment, referencedSecretSet } = await secrets.secretsOf(organizationId, deployment.secretSet);
    if (referencedSecretSet !== undefined) {
      if (!/^sha256=[0-9a-f]{64}$/.test(signature)) throw notTaken();
      return true;
    }
    const secret = environment.WHATSAPP_APP_SECRET;
    if (!secret) throw notTaken();
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const sent = Buffer.from(signature);
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) throw notTaken();
    return false;
  }

  async function forward(found: WebhookAgent, sessionId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const place = await places.find(organization.id, agent.name, sessionId);
    return await callInstance(relay, place, {
      path: '/whatsapp',
      contentType: request.contentType,
      headers: request.signature === undefined ? {} : { 'x-hub-signature-256': request.signature },
      body: request.body,
    });
  }

  /** The session of a call that another message has begun: its row comes a moment after the call's. */
  async function begun({ organizationId, agentId, callId }: Omit<WhatsappCall, 'sessionId'>): Promise<string> {
    for (let waitedMs = 0; waitedMs < claimMs; waitedMs += lookMs) {
      const known = await store.whatsapp.find(organizationId, agentId, callId);
      if (!known) break;
      if (await store.sessions.exists(known)) return known;
      await sleep(lookMs);
    }
    throw notFound('Call', callId);
  }

  async function connect(found: WebhookAgent, callId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const call = { organizationId: organization.id, agentId: agent.id, callId, sessionId: ids.id() };
    if (!(await store.whatsapp.insert(call, clock.now()))) {
      // Told again, because the answer took long: the same session hears of it.
      return await forward(found, await begun(call), request);
    }
    const actor: Actor = { ...systemActor, kind: 'nobody', address: request.address };
    const forget = () => store.whatsapp.remove(organization.id, agent.id, callId);
    try {
      const { sessionId } = call;
      await sessions.start(organization, agent.name, actor, { transport: 'webrtc', body: {} }, { sessionId });
    } catch (error) {
      await forget();
      throw error;
    }
    const answer = await forward(found, call.sessionId, request).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error) && answer.status < 400) return answer;
    // Nobody will talk to it any more: its bot would wait for a caller.
    await forget();
    await sessions.stop(organization.id, agent.name, call.sessionId, actor).catch((err: unknown) => {
      log.warn({ err, sessionId: call.sessionId }, 'the session of a refused WhatsApp call could not be stopped');
    });
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** Forgets the call once its agent has heard of the end, or is there no more: until then Meta's next try has to find it. */
  async function terminate(found: WebhookAgent, callId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const sessionId = await store.whatsapp.find(organization.id, agent.id, callId);
    if (!sessionId) throw notFound('Call', callId);
    const forget = () => store.whatsapp.remove(organization.id, agent.id, callId);
    try {
      const answer = await forward(found, sessionId, request);
      if (answer.status < 500) await forget();
      return answer;
    } catch (error) {
      if (error instanceof AppError && error.status === 404) await forget();
      throw error;
    }
  }

  return {
    /** Meta asks whether the address is ours. The token is a public key of the organization; anything else is 403. */
    async verify(org: string, agent: string, token: string, origin: { address: string; userAgent: string }) {
      const found = await agents.find(org, agent);
      const source = { ...origin, authorization: `Bearer ${token}`, cookie: undefined };
      const principal = await authenticator.authenticate(source, ['public']).catch((error: unknown) => {
        if (error instanceof AppError && error.status < 429) return undefined;
        throw error;
      });
      const own = principal?.kind === 'apiKey' && principal.organizationId === found?.organization.id;
      if (!own) throw forbidden('unknown_token', 'The verify token is no public API key of this organization');
    },

    async receive(request: WhatsappRequest): Promise<InstanceAnswer> {
      const asking = `${request.address} ${request.organization}/${request.agent}`;
      throttle.check(asking);
      const { callId, event } = readCallEvent(request.body);
      try {
        const found = await agents.find(request.organization, request.agent);
        if (!found) throw notTaken();
        const agentChecks = await leavesCheckToAgent(found, request);
        const answer = await (event === 'connect' ? connect : terminate)(found, callId, request);
        if (agentChecks && answer.status >= 400) throttle.fail(asking);
        return answer;
      } catch (error) {
        if (error instanceof AppError && error.status === 403) throttle.fail(asking);
        throw error;
      }
    },
  };
}
export type WhatsappWebhook = ReturnType<typeof createWhatsappWebhook>;

/** One answer for all that a stranger must not be able to tell apart. */
const notTaken = () =>
  forbidden(
    'unknown_token',
    'The call is not taken: there is no such agent, or the webhook is not signed with its WHATSAPP_APP_SECRET',
  );
