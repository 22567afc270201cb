import type { IncomingMessage } from 'node:http';
import type { ContextSource } from '../drivers/builder.js';
import { openRequest, responseTo } from '../requests.js';
import { refused } from './download.js';

/** The context could not be fetched now, but may be later: the build itself is not to blame. */
export class ContextUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ContextUnavailable';
  }
}

export interface BuildContextDeps {
  controlUrl: string;
  credential: () => Promise<string | undefined>;
}

export interface WatchedContext {
  open: ContextSource;
  /** Why fetching failed for a reason outside the build, if it did. */
  failure: () => ContextUnavailable | undefined;
}

/** Streams a build's context from the control plane, and remembers when that was what went wrong. */
export function createContext({ controlUrl, credential }: BuildContextDeps, buildId: string): WatchedContext {
  let failure: ContextUnavailable | undefined;

  function unavailable(why: string, cause?: unknown): ContextUnavailable {
    failure = new ContextUnavailable(`The build context could not be fetched: ${why}`, { cause });
    return failure;
  }

  async function fetchContext(signal: AbortSignal): Promise<IncomingMessage> {
    const token = await credential();
    if (!token) throw unavailable('this worker has no credential');
    const url = `${controlUrl}/v1/workers/builds/${encodeURIComponent(buildId)}/context`;
    const request = await openRequest(url, { headers: { authorization: `Bearer ${token}` }, signal });
    try {
      return await responseTo(request);
    } catch (error) {
      throw unavailable('the control plane does not answer', error);
    } finally {
      request.on('error', () => undefined); // Of an answer that breaks later; its stream tells the reader.
    }
  }

  return {
    failure: () => failure,
    async open(signal) {
      const response = await fetchContext(signal);
      const status = response.statusCode ?? 0;
      if (status !== 200) {
        response.resume();
        if (status === 404 || status === 410) {
          throw refused('is not there any more; deploy again to upload it anew');
        }
        throw unavailable(`the control plane answered ${status}`);
      }
      response.on('error', (error) => unavailable('the connection broke', error));
      return response;
    },
  };
}
