import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { hold } from '@pipecat-cloud/contract/relay-upgrade';
import type { Logger } from 'pino';
import type { Authenticator } from '../access/authenticator.js';
import { AppError } from '../errors.js';
import type { CallerAddress } from '../http/caller-address.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { HandOver } from './hand-over.js';
import type { SessionPlaces } from './session-places.js';
import { pathAtInstance } from './session-proxy.js';
import {
  isLeft,
  openWorkerSocket,
  passUpgradeOn,
  refuseTooMuch,
  refuseUpgrade,
  upgradeHeaders,
} from './worker-socket.js';

interface SessionSocketDeps {
  log: Logger;
  authenticator: Authenticator;
  places: SessionPlaces;
  hops: HopSigner;
  addressOf: CallerAddress;
  handOver: HandOver;
}

const sessionPath = /^\/v1\/public\/([a-z0-9-]+)\/sessions\/([^/?]+)\/[^?]/;

/** Upgrades at `/v1/public/{agent}/sessions/{id}/…`: sockets that an agent serves beside its session, opened with a public key. */
export function createSessionSockets(deps: SessionSocketDeps) {
  const { log, authenticator, places, hops, addressOf, handOver } = deps;

  async function open(request: IncomingMessage, client: Duplex, head: Buffer, agent: string, id: string) {
    const principal = await authenticator.authenticate(
      {
        authorization: request.headers.authorization,
        cookie: undefined,
        address: addressOf(request),
        userAgent: request.headers['user-agent'] ?? '',
      },
      ['public'],
    );
    if (principal.kind !== 'apiKey') throw new Error('A route of public keys let another kind pass');
    const path = pathAtInstance(request.url ?? '');
    const waiting = hold(client, head, () => refuseTooMuch(client));
    const place = await places.find(principal.organizationId, agent, id);
    if (isLeft(client)) return;
    const upstream = await openWorkerSocket(hops, place, path, upgradeHeaders(request), handOver.offer(client));
    passUpgradeOn(request, client, upstream, waiting);
  }

  return {
    /** True when the upgrade was for a session, and is then answered here. */
    handle(request: IncomingMessage, client: Duplex, head: Buffer): boolean {
      const [, agent, id] = sessionPath.exec(request.url ?? '') ?? [];
      if (agent === undefined || id === undefined) return false;
      open(request, client, head, agent, id).catch((error: unknown) => {
        if (!(error instanceof AppError)) log.error({ err: error }, 'a socket of a session failed');
        refuseUpgrade(client, error);
      });
      return true;
    },
  };
}
export type SessionSockets = ReturnType<typeof createSessionSockets>;
