import { createHmac, timingSafeEqual } from 'node:crypto';
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

interface WhatsappDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  authenticator: Authenticator;
  agents: WebhookAgents;
  sessions: Pick<SessionService, 'start' | 'stop' | 'find'>;
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

/** Calls of WhatsApp Business: each is a session, and Meta's messages about it go to that session's agent (contract §8.8). */
export function createWhatsappWebhook(deps: WhatsappDeps) {
  const { store, clock, ids, log, authenticator, agents, sessions, secrets, places, relay, throttle } = deps;

  /**
   * Meta signs with the secret of the app, which is the agent's. Where this server holds it, a forgery starts nothing; where it lies on
   * the machines of a region, the agent alone can tell.
   */
  async function checkSignature({ agent }: WebhookAgent, { signature, body }: WhatsappRequest): Promise<void> {
    const { organizationId, liveDeploymentId } = agent;
    const deployment = liveDeploymentId ? await store.deployments.find(organizationId, liveDeploymentId) : undefined;
    if (!deployment?.secretSet) return;
    const { environment } = await secrets.secretsOf(organizationId, deployment.secretSet);
    const secret = environment.WHATSAPP_APP_SECRET;
    if (!secret) return;
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const sent = Buffer.from(signature ?? '');
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) throw notTaken();
  }

  async function forward(found: WebhookAgent, sessionId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const place = await places.of(await sessions.find(organization.id, agent.name, sessionId));
    return await callInstance(relay, place, {
      path: '/whatsapp',
      contentType: request.contentType,
      headers: request.signature === undefined ? {} : { 'x-hub-signature-256': request.signature },
      body: request.body,
    });
  }

  async function connect(found: WebhookAgent, callId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const call = { organizationId: organization.id, agentId: agent.id, callId, sessionId: ids.id() };
    if (!(await store.whatsapp.insert(call, clock.now()))) {
      // Told again, because the answer took long: the same session hears of it.
      const known = await store.whatsapp.find(organization.id, agent.id, callId);
      if (!known) throw notFound('Call', callId);
      return await forward(found, known, request);
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

  async function terminate(found: WebhookAgent, callId: string, request: WhatsappRequest): Promise<InstanceAnswer> {
    const { organization, agent } = found;
    const sessionId = await store.whatsapp.find(organization.id, agent.id, callId);
    if (!sessionId) throw notFound('Call', callId);
    await store.whatsapp.remove(organization.id, agent.id, callId);
    return await forward(found, sessionId, request);
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
        await checkSignature(found, request);
        return await (event === 'connect' ? connect : terminate)(found, callId, request);
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
