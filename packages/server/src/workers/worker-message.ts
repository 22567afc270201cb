import type { WorkerMessage } from '@pipecat-cloud/contract/worker';

/** Undefined for what is no message of this protocol. */
export function parseWorkerMessage(text: string): WorkerMessage | undefined {
  try {
    const message = JSON.parse(text) as WorkerMessage;
    return typeof message?.type === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Requests are sent there: with a path or a query of its own a worker could choose what they reach. Empty for such a one. */
export function dataUrlOf(text: string): string {
  const url = URL.parse(text);
  const plain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !/[?#@]/.test(text);
  return plain ? url.origin : '';
}
