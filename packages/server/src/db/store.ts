import { type Kysely, sql } from 'kysely';
import { createAccountRepository } from '../accounts/account-repository.js';
import { createAgentRepository } from '../agents/agent-repository.js';
import { createApiKeyRepository } from '../api-keys/api-key-repository.js';
import { createAuditRepository } from '../audit/audit-repository.js';
import { createBuildRepository } from '../builds/build-repository.js';
import { createDeploymentRepository } from '../deployments/deployment-repository.js';
import { createOauthLoginRepository } from '../oauth/oauth-login-repository.js';
import { createOauthRecordRepository } from '../oauth/oauth-record-repository.js';
import { createOrganizationRepository } from '../organizations/organization-repository.js';
import { createSecretRepository } from '../secrets/secret-repository.js';
import { createSessionRepository } from '../sessions/session-repository.js';
import { createSocketTokenRepository } from '../sessions/socket-token-repository.js';
import { createSignInRepository } from '../sign-in/sign-in-repository.js';
import { createSlotRepository } from '../slots/slot-repository.js';
import { createTokenRepository } from '../tokens/token-repository.js';
import { createWorkerRepository } from '../workers/worker-repository.js';
import type { Dialect, OpenDatabase } from './open.js';
import type { Schema } from './schema.js';
import { createSettingRepository } from './setting-repository.js';

/** What every repository is made from: the database itself or one transaction. */
export interface RepositoryContext {
  db: Kysely<Schema>;
  dialect: Dialect;
}

function createRepositories(context: RepositoryContext) {
  return {
    accounts: createAccountRepository(context),
    agents: createAgentRepository(context),
    apiKeys: createApiKeyRepository(context),
    audit: createAuditRepository(context),
    builds: createBuildRepository(context),
    deployments: createDeploymentRepository(context),
    oauthLogins: createOauthLoginRepository(context),
    oauthRecords: createOauthRecordRepository(context),
    organizations: createOrganizationRepository(context),
    secrets: createSecretRepository(context),
    sessions: createSessionRepository(context),
    settings: createSettingRepository(context),
    signIn: createSignInRepository(context),
    slots: createSlotRepository(context),
    socketTokens: createSocketTokenRepository(context),
    tokens: createTokenRepository(context),
    workers: createWorkerRepository(context),
  };
}
export type Repositories = ReturnType<typeof createRepositories>;

export interface Store extends Repositories {
  /** Inside `work`, use only the repositories handed in: SQLite has one connection, and the outer ones would wait for it forever. */
  transaction<T>(work: (repos: Repositories) => Promise<T>): Promise<T>;
  /**
   * A transaction that changes who may do what: tokens, keys, accounts, memberships, policies. With its commit every control plane
   * forgets what it has cached of them; once it has returned, this process decides by what was written.
   */
  changeAccess<T>(work: (repos: Repositories) => Promise<T>): Promise<T>;
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The PostgreSQL channel on which control planes tell each other that access has changed. */
export const accessChannel = 'pipecat_access';

/** `onAccessChanged` is called after each commit of `changeAccess`, before its caller goes on. */
export function createStore({ db, dialect }: OpenDatabase, { onAccessChanged = () => {} } = {}): Store {
  return {
    ...createRepositories({ db, dialect }),
    transaction: (work) =>
      db.transaction().execute((transaction) => work(createRepositories({ db: transaction, dialect }))),
    async changeAccess(work) {
      try {
        return await db.transaction().execute(async (transaction) => {
          const result = await work(createRepositories({ db: transaction, dialect }));
          // Sent by the server with the commit, or not at all.
          if (dialect === 'postgres') await sql`select pg_notify(${accessChannel}, '')`.execute(transaction);
          return result;
        });
      } finally {
        // Also after a failure: a commit whose answer was lost has happened.
        onAccessChanged();
      }
    },
    async ping() {
      await db.selectFrom('setting').select('name').limit(1).execute();
    },
    close: () => db.destroy(),
  };
}
