import type { Page } from 'playwright-core';
import { until } from '../../src/support/wait.js';

/** Runs in the page before anything else: keeps its peer connections within reach, so that a test can break one. */
const keepConnections = `
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config) {
      super(config);
      window.peers.push({ connection: this, config });
      this.createDataChannel = (...args) => (this.channel = RTCPeerConnection.prototype.createDataChannel.apply(this, args));
    }
  };
`;

/** Watches and disturbs a page from outside: what the client in it does about that is its own. */
export async function spyOn(page: Page) {
  await page.addInitScript(keepConnections);
  return {
    /** ICE servers that the last peer connection was made with. */
    iceServers: () => page.evaluate<object[]>('window.peers.at(-1).config.iceServers'),
    connections: () => page.evaluate<number>('window.peers.length'),
    /** Resolves once the last connection carries messages: what the client sends before that is lost. */
    connected: () =>
      until('the connection is open', () =>
        page.evaluate<boolean>("window.peers.at(-1).connection.channel?.readyState === 'open'"),
      ),
    /** `live`, or `ended` once the client has stopped it. */
    microphone: () => page.evaluate<string>('window.peers.at(-1).connection.getSenders()[0].track.readyState'),
    /** As when the network between browser and agent is gone for good. */
    failIce: () =>
      page.evaluate(`(() => {
        const { connection } = window.peers.at(-1);
        Object.defineProperty(connection, 'iceConnectionState', { value: 'failed' });
        connection.dispatchEvent(new Event('iceconnectionstatechange'));
      })()`),
    /** As when the agent asks for another offer on the same connection. */
    askForOffer: () =>
      page.evaluate(`(() => {
        const data = JSON.stringify({ type: 'signalling', message: { type: 'renegotiate' } });
        window.peers.at(-1).connection.channel.dispatchEvent(new MessageEvent('message', { data }));
      })()`),
    /** Resolves once the bot is heard over the last connection: the energy of what arrives grows. */
    async hears(): Promise<void> {
      const energy = () =>
        page.evaluate<number>(`window.peers.at(-1).connection.getStats().then((stats) =>
          [...stats.values()].find((each) => each.type === 'inbound-rtp' && each.kind === 'audio')?.totalAudioEnergy ?? 0)`);
      let first: number | undefined;
      await until('the bot is heard', async () => {
        const now = await energy();
        first ??= now;
        return now > first + 0.0001;
      });
    },
  };
}
export type Spy = Awaited<ReturnType<typeof spyOn>>;
