import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { decodeFrame, encodeAudio, encodeMessage } from './frames';
import { loudness, microphoneRate, openSound, type Sound } from './sound';
import { meaningOf, readyMessage, type Said, textMessage, withSaid } from './talk';

export type TalkApi = Pick<Client, 'startSession' | 'getService'>;

export interface Conversation {
  /** `idle` before it and after it. */
  state: 'idle' | 'microphone' | 'starting' | 'connecting' | 'talking';
  said: readonly Said[];
  sessionId?: string | undefined;
  error?: Error | undefined;
  /** Bots of Pipecat say when they are ready; others may never. */
  botReady: boolean;
}
export interface Wish {
  org: string;
  agent: string;
  microphone: boolean;
  /** For the bot, as a start request has it. */
  body: unknown;
}

/**
 * One conversation after another with an agent, over the socket of its session. Started with the sign-in of the person who looks at the
 * page; the socket is opened with a token that is good for once. Closing the socket ends the session.
 */
export function createConversation(api: TalkApi, frames = { openSound }) {
  const listeners = new Set<() => void>();
  let now: Conversation = { state: 'idle', said: [], botReady: false };
  let sound: Sound | undefined;
  let socket: WebSocket | undefined;
  /** Counts up with each start and end: what comes for an earlier one is not for us. */
  let round = 0;
  /** How loud both are, from 0 to 1: read by who draws it, many times a second. */
  const levels = { you: 0, agent: 0 };

  function change(part: Partial<Conversation>): void {
    now = { ...now, ...part };
    for (const listener of listeners) listener();
  }
  const say = (said: Omit<Said, 'number'>) => change({ said: withSaid(now.said, said) });

  function end(error?: Error): void {
    round++;
    socket?.close(1000);
    socket = undefined;
    sound?.close();
    sound = undefined;
    Object.assign(levels, { you: 0, agent: 0 });
    change({ state: 'idle', error });
  }

  function hear(samples: Int16Array): void {
    levels.you = loudness(samples);
    // A connection that does not keep up would say what was said long ago.
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < 64_000) {
      socket.send(encodeAudio(samples, microphoneRate));
    }
  }

  function receive(data: string | ArrayBuffer): void {
    const frame = typeof data === 'string' ? ({ kind: 'message', data } as const) : decodeFrame(new Uint8Array(data));
    if (frame?.kind === 'interruption') sound?.hush();
    if (frame?.kind === 'text') say({ who: 'agent', text: frame.text });
    if (frame?.kind === 'audio') {
      const { audio, sampleRate, channels } = frame;
      const samples = new Int16Array(audio.slice(0, audio.length - (audio.length % 2)).buffer);
      levels.agent = loudness(samples);
      sound?.play(samples, sampleRate, channels);
    }
    if (frame?.kind !== 'message') return;
    const meaning = meaningOf(frame.data);
    if (!meaning) return;
    if ('say' in meaning) say(meaning.say);
    if ('hush' in meaning) sound?.hush();
    if ('ready' in meaning) change({ botReady: true });
    if ('trouble' in meaning) say({ who: 'note', text: `The bot reports an error: ${meaning.trouble}` });
  }

  function open(address: string, onOpen: () => void, onClose: (event: CloseEvent, wasOpen: boolean) => void): void {
    const opening = new WebSocket(address);
    socket = opening;
    opening.binaryType = 'arraybuffer';
    let wasOpen = false;
    opening.onopen = () => {
      wasOpen = true;
      onOpen();
    };
    opening.onmessage = ({ data }) => socket === opening && receive(data);
    opening.onclose = (event) => socket === opening && onClose(event, wasOpen);
  }

  return {
    levels,
    now: () => now,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async start({ org, agent, microphone, body }: Wish): Promise<void> {
      end();
      const mine = round;
      change({ state: microphone ? 'microphone' : 'starting', said: [], sessionId: undefined, botReady: false });
      try {
        const opened = await frames.openSound(microphone, hear);
        if (mine !== round) return opened.close();
        sound = opened;
        change({ state: 'starting' });
        const started = await api.startSession(org, agent, { transport: 'websocket', body });
        if (mine !== round) return;
        change({ state: 'connecting', sessionId: started.sessionId });
        open(
          addressOf(started),
          () => {
            change({ state: 'talking' });
            socket?.send(encodeMessage(readyMessage()));
          },
          (event, wasOpen) => {
            if (wasOpen) return end(event.code === 1000 || event.code === 1005 ? undefined : closed(event));
            void refusal(api, org, agent).then((error) => mine === round && end(error));
          },
        );
      } catch (error) {
        if (mine === round) end(error as Error);
      }
    },
    type(text: string): void {
      say({ who: 'you', text });
      socket?.send(encodeMessage(textMessage(text)));
    },
    end: () => end(),
  };
}
export type TalkControl = ReturnType<typeof createConversation>;

function addressOf({ wsUrl = '', token, body }: { wsUrl?: string; token?: string; body?: string }): string {
  const url = new URL(wsUrl);
  // Browsers send no headers with a socket; the token is good for once, and for five minutes.
  if (token) url.searchParams.set('token', token);
  if (body) url.searchParams.set('body', body);
  return url.href;
}

const closed = ({ code, reason }: CloseEvent) =>
  new Error(
    `The connection was closed (${code}${reason ? `: ${reason}` : ''}). The log of the session may say why; start again when you like.`,
  );

/** Browsers hide why a socket is refused, so the agent is asked how it is. */
async function refusal(api: TalkApi, org: string, agent: string): Promise<Error> {
  try {
    const { activeSessionCount, autoScaling, ready, available } = await api.getService(org, agent);
    if (activeSessionCount >= autoScaling.maxReplicas) {
      return new Error(
        `All places of ${agent} are taken: max_agents is ${autoScaling.maxReplicas}. Try again when a session has ended, or raise it.`,
      );
    }
    if (!ready && !available)
      return new Error(`${agent} is not ready: no deployment of it takes sessions. See its page.`);
    return new Error(`${agent} did not take the session. Its log may say why; try again.`);
  } catch (error) {
    return error instanceof ApiError ? error : new Error(`${location.host} cannot be reached. Check your network.`);
  }
}
