import type { DialinAnswer } from '@pipecat-cloud/contract/daily';
import { LRUCache } from 'lru-cache';
import { systemActor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import { atMost } from '../at-most.js';
import { AppError, badRequest, forbidden } from '../errors.js';
import type { WebhookAgents } from '../gateway/webhook-agents.js';
import type { SessionService } from '../sessions/session-service.js';
import type { Clock } from '../system.js';
import type { DailySettingsService } from './daily-settings.js';
import { isSigned } from './dialin-signature.js';

interface DialinDeps {
  clock: Clock;
  agents: WebhookAgents;
  settings: Pick<DailySettingsService, 'keyOf' | 'dialinOf'>;
  sessions: Pick<SessionService, 'start'>;
  throttle: Throttle;
  apiUrl: string;
}
export interface DialinCall {
  organization: string;
  agent: string;
  address: string;
  headers: Readonly<Record<string, unknown>>;
  body: Buffer;
}

/** A call that Daily tells of again, because an answer took long, is the same call. */
const rememberedMs = 300_000;

/** Daily asks where an incoming call goes: a room is made, a session begins in it, and its bot takes the call (contract §8.7). */
export function createDialin({ clock, agents, settings, sessions, throttle, apiUrl }: DialinDeps) {
  const calls = new LRUCache<string, Promise<DialinAnswer>>({ ...atMost(10_000), ttl: rememberedMs });

  async function checkCaller(organizationId: string, { headers, body }: DialinCall): Promise<void> {
    const asked = await settings.dialinOf(organizationId);
    if (asked === 'unsigned') return;
    const [signature, timestamp] = [headers['x-pinless-signature'], headers['x-pinless-timestamp']];
    if (asked === 'off' || !isSigned({ signature, timestamp, body }, asked.secret, clock.now())) throw notTaken();
  }

  async function start(organization: { id: string; name: string }, agent: string, address: string, call: Call) {
    const key = await settings.keyOf(organization.id);
    // A bot needs the key to take the call, and the installation's own is not for the agents of its organizations.
    if (!key?.own) throw badRequest('Dial-in needs a Daily API key of the organization itself');
    const { From, To, callId, callDomain, sipHeaders } = call;
    const { dailyRoom, dailyToken, sessionId } = await sessions.start(
      organization,
      agent,
      { ...systemActor, kind: 'nobody', address },
      {
        createDailyRoom: true,
        dailyRoomProperties: { sip: { display_name: From, sip_mode: 'dial-in', num_endpoints: 1 } },
        body: {
          dialin_settings: { call_id: callId, call_domain: callDomain, To, From, sip_headers: sipHeaders ?? null },
          daily_api_key: key.apiKey,
          daily_api_url: apiUrl,
        },
      },
    );
    return { dailyRoom, dailyToken, sessionId } as DialinAnswer;
  }

  return {
    async receive(request: DialinCall): Promise<DialinAnswer> {
      const asking = `${request.address} ${request.organization}/${request.agent}`;
      throttle.check(asking);
      const body = parse(request.body);
      // Daily asks whether anybody is there while a number is configured; nothing begins.
      if ('test' in body || 'Test' in body) return { status: 'OK' };
      try {
        const found = await agents.find(request.organization, request.agent);
        if (!found) throw notTaken();
        const { organization, agent } = found;
        await checkCaller(organization.id, request);
        const call = readCall(body);
        const id = `${agent.id} ${call.callId}`;
        const running = calls.get(id) ?? start(organization, agent.name, request.address, call);
        calls.set(id, running);
        // One that failed may be tried again.
        running.catch(() => calls.delete(id));
        return await running;
      } catch (error) {
        if (error instanceof AppError && error.status === 403) throttle.fail(asking);
        throw error;
      }
    },
  };
}
export type Dialin = ReturnType<typeof createDialin>;

/** One answer for all that a stranger must not be able to tell apart. */
const notTaken = () =>
  forbidden(
    'unknown_token',
    'The call is not taken: there is no such agent, its organization has no secret for dial-in, or the call is not signed with it',
  );

interface Call {
  From: string;
  To: string;
  callId: string;
  callDomain: string;
  sipHeaders?: unknown;
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw badRequest('The body is no JSON object');
}

function readCall(body: Record<string, unknown>): Call {
  const missing = ['From', 'To', 'callId', 'callDomain'].filter((name) => {
    const value = body[name];
    return typeof value !== 'string' || value === '' || value.length > 256;
  });
  if (missing.length > 0) throw badRequest(`The call lacks ${missing.join(', ')}`);
  return body as unknown as Call;
}
