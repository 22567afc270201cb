import type pg from 'pg';

/**
 * Ends a connection of its own, not one of the pool. A server that stands still answers no goodbye: then it is hung up, or whoever waits
 * for the end would wait for ever.
 */
export async function endClient(client: pg.Client, patienceMs = 1_000): Promise<void> {
  const late = setTimeout(() => client.connection.stream.destroy(), patienceMs);
  await client.end().catch(() => {});
  clearTimeout(late);
}
