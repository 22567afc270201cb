import type { PulledImage, WorkerMessage } from '@pipecat-cloud/contract/worker';

/** Undefined for what is no message of this protocol. */
export function parseWorkerMessage(text: string): WorkerMessage | undefined {
  try {
    const message = JSON.parse(text) as WorkerMessage;
    return typeof message?.type === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Without what is no image of a registry. */
export function imagesOf(images: unknown): PulledImage[] {
  if (!Array.isArray(images)) return [];
  return (images as Partial<PulledImage>[]).flatMap((one) => {
    const { name, digest } = one ?? {};
    return typeof name === 'string' && /^sha256:[0-9a-f]{64}$/.test(String(digest))
      ? [{ name, digest: `${digest}` }]
      : [];
  });
}

/** Requests are sent there: with a path or a query of its own a worker could choose what they reach. Empty for such a one. */
export function dataUrlOf(text: string): string {
  const url = URL.parse(text);
  const plain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !/[?#@]/.test(text);
  return plain ? url.origin : '';
}
