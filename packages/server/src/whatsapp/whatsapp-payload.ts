import { badRequest } from '../errors.js';

export interface CallEvent {
  callId: string;
  event: 'connect' | 'terminate';
}

/** The call that a WhatsApp webhook is about (contract §8.8). Throws 400 where there is none. */
export function readCallEvent(body: Buffer): CallEvent {
  const payload = parse(body);
  if (payload.object !== 'whatsapp_business_account') throw badRequest('The body is no WhatsApp Business webhook');
  for (const entry of list(payload.entry)) {
    for (const change of list(entry.changes)) {
      for (const { id, event } of list(record(change.value).calls)) {
        const usable = typeof id === 'string' && id !== '' && id.length <= 512;
        if (usable && (event === 'connect' || event === 'terminate')) return { callId: id, event };
      }
    }
  }
  throw badRequest('The webhook has no call that connects or terminates; subscribe the app to calls alone');
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    return record(JSON.parse(body.toString('utf8')));
  } catch {
    throw badRequest('The body is no JSON');
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.map(record) : []);
