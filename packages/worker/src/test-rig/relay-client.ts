import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';
import { WebSocket } from 'ws';
import type { Rig } from './rig.js';

/** What a hop proves where not said otherwise. */
export const claims = { instanceId: 'i-1', sessionId: 's-1' };

/** Talks to the data port of a rig's worker as its control plane would, for session `s-1` on `i-1` where not said otherwise. */
export function createRelayClient(rig: () => Rig) {
  const hop = (change = {}) => ({ [hopHeader]: rig().control.hop({ ...claims, ...change }) });
  const url = (path: string, instanceId = 'i-1') => `${rig().dataUrl()}/instances/${instanceId}${path}`;

  function dial(path: string, headers: Record<string, string>): WebSocket {
    return new WebSocket(url(path).replace('http', 'ws'), { headers });
  }

  return {
    hop,
    url,
    async opened(path: string): Promise<WebSocket> {
      const socket = dial(path, hop());
      await once(socket, 'open');
      return socket;
    },
    /** The status that refused the upgrade. */
    async refusedUpgrade(path: string, headers: Record<string, string> = hop()): Promise<number | undefined> {
      const socket = dial(path, headers);
      socket.on('error', () => undefined);
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
      response.resume();
      return response.statusCode;
    },
  };
}
