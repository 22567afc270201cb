import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OauthRequest } from '@pipecat-cloud/contract/oauth';
import type { Provider } from 'oidc-provider';
import type { Origin } from '../access/principal.js';
import type { Store } from '../db/store.js';
import { AppError, conflict } from '../errors.js';
import type { Clock } from '../system.js';
import { nameOfClient } from './oauth-endpoints.js';
import { amrOf, type Decider, type Decision, type OauthGrants, scopesOf, timeOf } from './oauth-grants.js';
import type { RecordDigests } from './record-digests.js';

interface OauthConsentDeps {
  provider: () => Promise<Provider>;
  store: Store;
  clock: Clock;
  digests: RecordDigests;
  grants: OauthGrants;
}
export interface RawExchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/** A person decides on what a program asked for through this very browser. */
export function createOauthConsent({ provider, store, clock, digests, grants }: OauthConsentDeps) {
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

  const clientOf = (params: object) => String((params as { client_id?: unknown }).client_id);

  return {
    async describeInteraction(exchange: RawExchange, uid: string, origin: Origin): Promise<OauthRequest> {
      const { params, iat, exp } = await interactionOf(exchange, uid);
      return {
        clientName: nameOfClient(clientOf(params)),
        kind: 'browser',
        redirectUri: String(params.redirect_uri),
        address: origin.address,
        userAgent: origin.userAgent ?? null,
        requestedAt: timeOf(iat),
        expiresAt: timeOf(exp),
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
      if (decision === 'deny') await grants.recordDenial(decider, clientId, 'browser');
      const result =
        decision === 'deny'
          ? { error: 'access_denied', error_description: 'The person refused this sign-in' }
          : {
              login: {
                accountId: decider.userId,
                remember: false,
                amr: amrOf(decider),
              },
              consent: { grantId: await grants.grant(decider, clientId, scopesOf(params), 'browser', decider.origin) },
            };
      const server = await provider();
      const { request, response } = exchange;
      return { continueAt: await server.interactionResult(request, response, result) };
    },
  };
}
export type OauthConsent = ReturnType<typeof createOauthConsent>;
