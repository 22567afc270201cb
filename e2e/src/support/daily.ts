import { pathToFileURL } from 'node:url';
import { inRoot } from './paths.js';

/** A stand-in for Daily's REST API; the same that the server's own tests hold it against. */
export interface DailyStandIn {
  apiUrl: string;
  apiKey: string;
  rooms: Map<string, { name: string; privacy: string; properties: Record<string, unknown> }>;
  tokens: Map<string, Record<string, unknown>>;
  close(): void;
}

export async function startDailyStandIn(): Promise<DailyStandIn> {
  const file = inRoot('packages/server/dist/testing/fake-daily.js');
  const { startFakeDaily } = (await import(pathToFileURL(file).href)) as {
    startFakeDaily: () => Promise<DailyStandIn>;
  };
  return await startFakeDaily();
}
