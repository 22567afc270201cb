import { type Session, serve } from '@pipecat-cloud/agent';

type Message = Record<string, unknown> & { start?: Record<string, unknown> };
const heard: { body: string; signature: string | null; session: string | null }[] = [];

/** Which provider is calling, found out by the first two messages, as the framework's runner does. */
function detect(first: Message, second: Message): { provider: string; call: unknown; parameters: unknown } {
  for (const { start = {}, ...message } of [first, second]) {
    if (start.streamSid && start.callSid)
      return { provider: 'twilio', call: start.callSid, parameters: start.customParameters };
    if (message.stream_id && start.call_control_id)
      return { provider: 'telnyx', call: start.call_control_id, parameters: start.media_format };
    if (start.streamId && start.callId) return { provider: 'plivo', call: start.callId, parameters: null };
    if (start.stream_sid && start.call_sid)
      return { provider: 'exotel', call: start.call_sid, parameters: start.custom_parameters };
  }
  return { provider: 'unknown', call: null, parameters: [first, second] };
}

async function bot(session: Session): Promise<void> {
  if (session.socket) return await talk(session, session.socket);
  session.log.info(`transport ${session.transport}`);
  await new Promise<void>((resolve) => session.signal.addEventListener('abort', () => resolve()));
}

async function talk({ body, log }: Session, socket: NonNullable<Session['socket']>): Promise<void> {
  const first: string[] = [];
  for await (const frame of socket) {
    if (first.length < 2) {
      first.push(String(frame));
      if (first.length < 2) continue;
      const [one, two] = first.map((text) => JSON.parse(text) as Message);
      await socket.send(JSON.stringify({ ...detect(one ?? {}, two ?? {}), body }));
      continue;
    }
    // "hang up" ends the call from this side.
    if (frame === 'hang up') return socket.close(4001, 'the agent hung up');
    await socket.send(frame);
  }
  log.info('the call is over');
}

await serve({
  bot,
  routes: {
    /** What the session that runs was started with. */
    'GET /session': (_request, { session }) => ({
      body: session?.body ?? null,
      transport: session?.transport ?? null,
      room: session?.room ? { ...session.room } : null,
    }),
    /** What it would set up a WebRTC connection with. */
    'GET /ice': async () => {
      const answer = await fetch(process.env.ICE_CONFIG_URL ?? '');
      return { status: answer.status, config: await answer.json() };
    },
    'POST /whatsapp': async (request) => {
      const signature = request.headers.get('x-hub-signature-256');
      heard.push({ body: await request.text(), signature, session: request.headers.get('x-daily-session-id') });
      return { status: 'success' };
    },
    'GET /heard': () => heard,
  },
});
