import type { RequestFunction, StreamFunction } from './client.js';
import type { LogEntry, LogEvent, LogFollowQuery, LogList, LogQuery, LogRetention, LogRetentionState } from './logs.js';

/** The calls about the logs of agents, spread into the client. */
export function logCalls(request: RequestFunction, stream: StreamFunction) {
  const service = (o: string, name: string) =>
    `/v1/organizations/${encodeURIComponent(o)}/services/${encodeURIComponent(name)}`;
  return {
    readLogs: (o: string, name: string, query: LogQuery = {}) =>
      request<LogList>('GET', `${service(o, name)}/logs`, { query }),
    /**
     * Lines as they come. Ends with the session that is followed, when the signal aborts, or when the server lets go: then go on with
     * `after` the last cursor. Throws `NetworkError` when the connection breaks.
     */
    followLogs: (
      o: string,
      name: string,
      query: LogFollowQuery = {},
      { signal }: { signal?: AbortSignal } = {},
    ): AsyncIterable<LogEvent> =>
      logEvents(stream(`${service(o, name)}/logs/follow`, query, { accept: 'text/event-stream', signal })),
    getLogRetention: (o: string, name: string) =>
      request<LogRetentionState>('GET', `${service(o, name)}/log-retention`),
    putLogRetention: (o: string, name: string, body: LogRetention) =>
      request<LogRetentionState>('PUT', `${service(o, name)}/log-retention`, { body }),
  };
}

/** Reads server-sent events as this API writes them: each member on one line, an empty line after each event. */
async function* logEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<LogEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    rest += decoder.decode(piece, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventOf(block);
      if (event) yield event;
    }
  }
}

function eventOf(block: string): LogEvent | undefined {
  const members = new Map(
    block.split('\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trimStart()] as const;
    }),
  );
  const [name, data] = [members.get('event'), members.get('data')];
  if (name === 'gap' || name === 'end') return { type: name };
  if (name !== undefined) return undefined;
  if (data !== undefined) return { type: 'line', entry: JSON.parse(data) as LogEntry };
  // Comments keep the connection, and a cursor alone says how far the server has read.
  const cursor = members.get('id');
  return { type: 'alive', ...(cursor === undefined ? {} : { cursor }) };
}
