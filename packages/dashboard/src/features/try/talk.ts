/** One entry of a conversation. */
export interface Said {
  /** Counts up; one that goes on keeps its own. */
  number: number;
  who: 'you' | 'agent' | 'note';
  text: string;
  /** May still change: somebody goes on speaking. */
  open?: boolean;
}
/** What a message of the real-time voice interface (RTVI) means here. */
export type Meaning = { say: Omit<Said, 'number'> } | { hush: true } | { ready: true } | { trouble: string };

const label = 'rtvi-ai';
/** Entries of a conversation. */
const mostKept = 500;
let last = 0;
const message = (type: string, data: object) => ({ label, type, id: `dashboard-${++last}`, data });

/** Tells the bot that somebody listens; bots that wait for it begin to speak. */
export const readyMessage = () =>
  message('client-ready', { version: '1.0.0', about: { library: 'pipecat-cloud-dashboard' } });

/** What was typed, as if it had been said. */
export const textMessage = (content: string) =>
  message('send-text', { content, options: { run_immediately: true, audio_response: true } });

interface Message {
  type?: string;
  data?: { text?: unknown; content?: unknown; final?: unknown; error?: unknown; message?: unknown };
}

/** Undefined for what is nothing to show: a bot tells far more than a person wants to read. */
export function meaningOf(json: string): Meaning | undefined {
  let parsed: Message;
  try {
    parsed = JSON.parse(json) as Message;
  } catch {
    return { say: { who: 'agent', text: json } };
  }
  const { type, data = {} } = parsed ?? {};
  const text = typeof data.text === 'string' ? data.text : '';
  if (type === 'bot-ready') return { ready: true };
  if (type === 'user-started-speaking') return { hush: true };
  if (type === 'user-transcription')
    return text ? { say: { who: 'you', text, open: data.final === false } } : undefined;
  if (type === 'bot-transcription') return text ? { say: { who: 'agent', text } } : undefined;
  // What was typed comes back from agents that echo.
  if (type === 'send-text') return { say: { who: 'agent', text: String(data.content) } };
  if (type === 'error' || type === 'error-response')
    return { trouble: String(data.error ?? data.message ?? 'unknown') };
  if (type === 'server-message' || type === 'server-response')
    return { say: { who: 'note', text: JSON.stringify(data) } };
  return undefined;
}

/** A conversation with one entry more; what was still open is replaced by how it went on. */
export function withSaid(all: readonly Said[], next: Omit<Said, 'number'>): Said[] {
  const before = all.at(-1);
  if (before?.open && before.who === next.who) return [...all.slice(0, -1), { ...next, number: before.number }];
  return [...all, { ...next, number: (before?.number ?? 0) + 1 }].slice(-mostKept);
}
