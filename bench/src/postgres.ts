import { script } from './environment.js';
import type { Resources } from './resources.js';

export type Postgres = { url: string; stop(): Promise<void> } | { reason: string };

/** A private server for this run, or the reason why the machine can't have one. */
export async function startPostgres(resources: Resources): Promise<Postgres> {
  const { startPostgres: start } = (await script('postgres.mjs')) as {
    startPostgres(signal?: AbortSignal): Promise<Postgres>;
  };
  const postgres = await start();
  if ('stop' in postgres) resources.onClose(postgres.stop);
  return postgres;
}
