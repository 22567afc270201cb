import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import type { Kysely } from 'kysely';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';

// oidc-provider with the least that introspection of an opaque access token needs: no other grants, whose tokens it would look for
// too; a client of its configuration, which it need not look up; our connection, which keeps prepared statements.

/** How its server tells what to send: over the channel, never in arguments or the environment. */
export interface IntrospectionReady {
  type: 'ready';
  port: number;
  path: string;
  authorization: string;
  form: string;
}

interface PayloadTable {
  oidc_payload: { id: string; payload: string; expires_at: number | null };
}
const storedTokens = 10_000;
const lifeSeconds = 86_400;
const { db: opened } = await openDatabase({ dialect: 'sqlite', file: process.env.BENCH_DATABASE ?? '' });
const db = opened as unknown as Kysely<PayloadTable>;
await db.schema
  .createTable('oidc_payload')
  .ifNotExists()
  .addColumn('id', 'text', (column) => column.primaryKey())
  .addColumn('payload', 'text', (column) => column.notNull())
  .addColumn('expires_at', 'integer')
  .execute();

/** By the hash of the id, which is the token itself, as anyone would who does not want tokens in clear in the database. */
function createAdapter(model: string): Adapter {
  const keyOf = (id: string) => `${model}:${createHash('sha256').update(id).digest('hex')}`;
  const unused = () => Promise.reject(new Error('Not needed to introspect a token'));
  return {
    async upsert(id, { jti: _, ...payload }, expiresIn) {
      const row = { id: keyOf(id), payload: JSON.stringify(payload), expires_at: expiresIn ?? null };
      await db.insertInto('oidc_payload').values(row).execute();
    },
    async find(id) {
      const row = await db.selectFrom('oidc_payload').select('payload').where('id', '=', keyOf(id)).executeTakeFirst();
      return row && { ...(JSON.parse(row.payload) as AdapterPayload), jti: id };
    },
    findByUserCode: unused,
    findByUid: unused,
    consume: unused,
    destroy: unused,
    revokeByGrantId: unused,
  };
}

const clientSecret = randomBytes(24).toString('hex');
const provider = new Provider('http://localhost', {
  adapter: createAdapter,
  clients: [{ client_id: 'bench', client_secret: clientSecret, redirect_uris: ['http://localhost/callback'] }],
  features: { introspection: { enabled: true, allowedPolicy: () => true }, devInteractions: { enabled: false } },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  ttl: { AccessToken: lifeSeconds },
});
const client = await provider.Client.find('bench');
if (!client) throw new Error('The client of the configuration is not there');
const issue = () => new provider.AccessToken({ client, accountId: 'bench', scope: 'openid' } as never).save();
const token = await issue();
// As many as there would be; in one transaction the driver keeps the disk out of it.
await opened.transaction().execute(async (transaction) => {
  const copies = (transaction as unknown as Kysely<PayloadTable>).insertInto('oidc_payload');
  for (let index = 1; index < storedTokens; index++) {
    const id = `AccessToken:${randomBytes(32).toString('hex')}`;
    await copies.values({ id, payload: '{}', expires_at: lifeSeconds }).execute();
  }
});

const server = createServer(provider.callback());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  const authorization = `Basic ${Buffer.from(`bench:${clientSecret}`).toString('base64')}`;
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
  const ready: IntrospectionReady = { type: 'ready', port, path: '/token/introspection', authorization, form };
  process.send?.(ready);
});
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => void opened.destroy().then(() => process.disconnect()));
});
process.on('disconnect', () => process.exit());
