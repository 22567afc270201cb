import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OauthRequest } from '@pipecat-cloud/contract/oauth';
import type { DeviceCode, Provider } from 'oidc-provider';
import type { Actor, Origin } from '../access/principal.js';
import { createThrottle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { AppError, conflict, gone } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { nameOfClient } from './oauth-endpoints.js';
import type { LoginVia } from './oauth-login-repository.js';
import { loginSeconds } from './oauth-provider.js';
import type { RecordDigests } from './record-digests.js';

interface OauthConsentDeps {
  provider: () => Promise<Provider>;
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: RecordDigests;
}

/** Who decides, as the dashboard's session says. */
export interface Decider {
  userId: string;
  secondFactor: boolean;
  actor: Actor;
  origin: Origin;
}
export interface RawExchange {
  request: IncomingMessage;
  response: ServerResponse;
}
export type Decision = 'allow' | 'deny';

/** What a person decides on: sign-ins that a browser or a waiting device has asked for. */
export function createOauthConsent({ provider, store, clock, ids, audit, digests }: OauthConsentDeps) {
  const wrongCodes = createThrottle({ clock, limit: 10, windowSeconds: 600 });

  /** The grant and its sign-in; only then can tokens be made of it. */
  async function grant(
    decider: Decider,
    clientId: string,
    scope: string,
    via: LoginVia,
    from: Origin,
  ): Promise<string> {
    const { Grant } = await provider();
    const made = new Grant({ accountId: decider.userId, clientId });
    made.addOIDCScope(scope);
    const grantId = await made.save();
    const now = clock.now();
    const id = ids.id();
    await store.transaction(async (repos) => {
      await repos.oauthLogins.insert({
        id,
        userId: decider.userId,
        grantDigest: digests.ofGrant(grantId),
        clientId,
        via,
        address: from.address,
        userAgent: from.userAgent?.slice(0, 200) ?? null,
        secondFactor: decider.secondFactor,
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + loginSeconds * 1000).toISOString(),
      });
      const detail = { client: clientId, via, address: from.address };
      await audit.record(repos, decider.actor, { action: 'login.allowed', organizationId: null, target: id, detail });
    });
    return grantId;
  }

  async function recordDenial(decider: Decider, clientId: string, via: LoginVia): Promise<void> {
    const detail = { client: clientId, via };
    await store.transaction((repos) =>
      audit.record(repos, decider.actor, { action: 'login.denied', organizationId: null, detail }),
    );
  }

  /** The browser's own request: its cookie names it, so that nobody decides on what another browser asked for. */
  async function interactionOf(exchange: RawExchange, uid: string) {
    const interaction = await (await provider())
      .interactionDetails(exchange.request, exchange.response)
      .catch((error: unknown) => {
        if ((error as Error).name === 'SessionNotFound') return undefined;
        throw error;
      });
    if (interaction?.uid !== uid) {
      throw new AppError(
        404,
        '404',
        'This sign-in has expired or was begun in another browser. Run the command again, and open its address here',
      );
    }
    if (interaction.result) throw conflict('This sign-in was decided on already. Run the command again for another');
    return interaction;
  }

  async function deviceCodeOf(decider: Decider, typed: string): Promise<{ code: DeviceCode; userCode: string }> {
    const key = decider.userId;
    wrongCodes.check(key);
    // Only these letters are in codes; what people put between them does not count.
    const userCode = typed.toUpperCase().replace(/[^A-Z]/g, '');
    const code = await (await provider()).DeviceCode.findByUserCode(userCode, { ignoreExpiration: true });
    if (!code) {
      wrongCodes.fail(key);
      throw new AppError(404, '404', 'No sign-in waits for this code: it is mistyped, or it was decided on already');
    }
    if (code.isExpired) throw gone('This code has expired. Run the command again for a new one');
    return { code, userCode };
  }

  const scopesOf = (params: object | undefined) =>
    String((params as { scope?: unknown } | undefined)?.scope ?? 'openid');
  const clientOf = (params: object) => String((params as { client_id?: unknown }).client_id);
  const at = (seconds: number | undefined) => new Date((seconds ?? 0) * 1000).toISOString();

  return {
    async describeInteraction(exchange: RawExchange, uid: string, origin: Origin): Promise<OauthRequest> {
      const { params, iat, exp } = await interactionOf(exchange, uid);
      return {
        clientName: nameOfClient(clientOf(params)),
        kind: 'browser',
        redirectUri: String(params.redirect_uri),
        address: origin.address,
        userAgent: origin.userAgent ?? null,
        requestedAt: at(iat),
        expiresAt: at(exp),
        scopes: scopesOf(params).split(' '),
      };
    },

    /** Where the browser goes on: an address of this server, which sends it back to the client. */
    async decideInteraction(
      exchange: RawExchange,
      uid: string,
      decision: Decision,
      decider: Decider,
    ): Promise<{ continueAt: string }> {
      const { params } = await interactionOf(exchange, uid);
      // A double click makes one grant.
      if (!(await store.oauthRecords.consume('Interaction', digests.ofId('Interaction', uid), clock.now())))
        throw conflict('This sign-in was decided on already. Run the command again for another');
      const clientId = clientOf(params);
      if (decision === 'deny') await recordDenial(decider, clientId, 'browser');
      const result =
        decision === 'deny'
          ? { error: 'access_denied', error_description: 'The person refused this sign-in' }
          : {
              login: {
                accountId: decider.userId,
                remember: false,
                amr: decider.secondFactor ? ['mfa'] : ['otp'],
              },
              consent: { grantId: await grant(decider, clientId, scopesOf(params), 'browser', decider.origin) },
            };
      const server = await provider();
      const { request, response } = exchange;
      return { continueAt: await server.interactionResult(request, response, result) };
    },

    /** Throws 404 for an unknown code (throttled for each person), 410 for an expired one. */
    async describeDevice(decider: Decider, typed: string): Promise<OauthRequest> {
      const { code } = await deviceCodeOf(decider, typed);
      const info = (code.deviceInfo ?? {}) as { ip?: string; ua?: string };
      return {
        clientName: nameOfClient(code.clientId ?? ''),
        kind: 'device',
        redirectUri: null,
        address: info.ip ?? null,
        userAgent: info.ua?.slice(0, 200) || null,
        requestedAt: at(code.iat),
        expiresAt: at(code.exp),
        scopes: scopesOf(code.params).split(' '),
      };
    },

    /** Once for each code, whoever decides first. */
    async decideDevice(decider: Decider, typed: string, decision: Decision): Promise<void> {
      const { code, userCode } = await deviceCodeOf(decider, typed);
      if (!(await store.oauthRecords.takeUserCode(digests.ofUserCode(userCode))))
        throw conflict('This code was decided on already');
      const clientId = code.clientId ?? '';
      if (decision === 'deny') {
        await recordDenial(decider, clientId, 'device');
        Object.assign(code, { error: 'access_denied', errorDescription: 'The person refused this sign-in' });
      } else {
        const info = (code.deviceInfo ?? {}) as { ip?: string; ua?: string };
        const scope = scopesOf(code.params);
        const from = { address: info.ip ?? '', userAgent: info.ua ?? null };
        Object.assign(code, {
          accountId: decider.userId,
          amr: decider.secondFactor ? ['mfa'] : ['otp'],
          authTime: Math.floor(clock.now().getTime() / 1000),
          grantId: await grant(decider, clientId, scope, 'device', from),
          scope,
        });
      }
      await code.save();
    },
  };
}
export type OauthConsent = ReturnType<typeof createOauthConsent>;
