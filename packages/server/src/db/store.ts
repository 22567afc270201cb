import { type Kysely, sql } from 'kysely';
import { createAccountRepository } from '../accounts/account-repository.js';
import { createAgentProfileRepository } from '../agent-profiles/agent-profile-repository.js';
import { createAgentRepository } from '../agents/agent-repository.js';
import { createApiKeyRepository } from '../api-keys/api-key-repository.js';
import { appendRecords } from '../audit/append.js';
import { createAuditRepository } from '../audit/audit-repository.js';
import { createPendingRecords, type NewAuditRecord, type PendingRecords } from '../audit/pending-records.js';
import { createBuildRepository } from '../builds/build-repository.js';
import { createDailyRepository } from '../daily/daily-repository.js';
import { createDeploymentRepository } from '../deployments/deployment-repository.js';
import { createInstallationRepository } from '../installation/installation-repository.js';
import { createLeakRepository } from '../leaks/leak-repository.js';
import { createLogRetentionRepository } from '../logs/log-retention-repository.js';
import { createNotificationRepository } from '../notifications/notification-repository.js';
import { createReminderRepository } from '../notifications/reminder-repository.js';
import { createWebhookRepository } from '../notifications/webhook-repository.js';
import { createOauthLoginRepository } from '../oauth/oauth-login-repository.js';
import { createOauthRecordRepository } from '../oauth/oauth-record-repository.js';
import { createInvitationRepository } from '../organizations/invitation-repository.js';
import { createMemberRepository } from '../organizations/member-repository.js';
import { createOrganizationRepository } from '../organizations/organization-repository.js';
import { createPolicyRepository } from '../organizations/policy-repository.js';
import { createPoolRepository } from '../pool/pool-repository.js';
import { createRegionRepository } from '../regions/region-repository.js';
import { createSecretRepository } from '../secrets/secret-repository.js';
import { createServiceAccountRepository } from '../service-accounts/service-account-repository.js';
import { createSessionHistoryRepository } from '../sessions/session-history-repository.js';
import { createSessionRepository } from '../sessions/session-repository.js';
import { createSocketTokenRepository } from '../sessions/socket-token-repository.js';
import { createStartKeyRepository } from '../sessions/start-key-repository.js';
import { createTraceRepository } from '../sessions/trace-repository.js';
import { createUsageRepository } from '../sessions/usage-repository.js';
import { createDashboardSessionRepository } from '../sign-in/dashboard-session-repository.js';
import { createOidcLinkRepository } from '../sign-in/oidc-link-repository.js';
import { createPasskeyRepository } from '../sign-in/passkey-repository.js';
import { createPasswordRepository } from '../sign-in/password-repository.js';
import { createSignInAttemptRepository } from '../sign-in/sign-in-attempt-repository.js';
import { createSignInRepository } from '../sign-in/sign-in-repository.js';
import { createSlotRepository } from '../slots/slot-repository.js';
import { createSpendRepository } from '../spend/spend-repository.js';
import { createTokenRepository } from '../tokens/token-repository.js';
import { createUsageDayRepository } from '../usage/usage-day-repository.js';
import { createWhatsappRepository } from '../whatsapp/whatsapp-repository.js';
import { createWorkerRepository } from '../workers/worker-repository.js';
import { createGroupCommit, type Turn } from './group-commit.js';
import type { Dialect, OpenDatabase } from './open.js';
import type { Schema } from './schema.js';
import { createSettingRepository } from './setting-repository.js';

/** What every repository is made from: the database itself or one transaction. */
export interface RepositoryContext {
  db: Kysely<Schema>;
  dialect: Dialect;
  /** Where audit records wait for the end of the transaction; absent outside one. */
  pending?: PendingRecords;
  auditKey?: Buffer | undefined;
}

type AfterCommit = (then: () => void) => void;

const factories = {
  accounts: createAccountRepository,
  agents: createAgentRepository,
  agentProfiles: createAgentProfileRepository,
  apiKeys: createApiKeyRepository,
  audit: createAuditRepository,
  builds: createBuildRepository,
  daily: createDailyRepository,
  deployments: createDeploymentRepository,
  oauthLogins: createOauthLoginRepository,
  oauthRecords: createOauthRecordRepository,
  installation: createInstallationRepository,
  invitations: createInvitationRepository,
  members: createMemberRepository,
  leaks: createLeakRepository,
  logRetention: createLogRetentionRepository,
  organizations: createOrganizationRepository,
  policies: createPolicyRepository,
  pool: createPoolRepository,
  notifications: createNotificationRepository,
  regions: createRegionRepository,
  reminders: createReminderRepository,
  secrets: createSecretRepository,
  serviceAccounts: createServiceAccountRepository,
  sessions: createSessionRepository,
  sessionHistory: createSessionHistoryRepository,
  settings: createSettingRepository,
  signIn: createSignInRepository,
  dashboardSessions: createDashboardSessionRepository,
  passwords: createPasswordRepository,
  passkeys: createPasskeyRepository,
  signInAttempts: createSignInAttemptRepository,
  oidcLinks: createOidcLinkRepository,
  slots: createSlotRepository,
  startKeys: createStartKeyRepository,
  socketTokens: createSocketTokenRepository,
  spend: createSpendRepository,
  tokens: createTokenRepository,
  traces: createTraceRepository,
  usage: createUsageRepository,
  usageDays: createUsageDayRepository,
  webhooks: createWebhookRepository,
  whatsapp: createWhatsappRepository,
  workers: createWorkerRepository,
};
type Factories = typeof factories;

/** All repositories of one context. */
export type Repositories = { [Name in keyof Factories]: ReturnType<Factories[Name]> } & {
  /** Calls `then` once the transaction has committed, and never when it failed; at once outside of one. */
  afterCommit: AfterCommit;
};

/** Those of a transaction: each is made when it is first asked for, as most transactions need two or three. */
class InTransaction {
  readonly context: RepositoryContext;
  readonly afterCommit: AfterCommit;
  constructor(context: RepositoryContext, afterCommit: AfterCommit) {
    this.context = context;
    this.afterCommit = afterCommit;
  }
}
for (const [name, create] of Object.entries(factories)) {
  Object.defineProperty(InTransaction.prototype, name, {
    get(this: InTransaction) {
      const value = create(this.context);
      Object.defineProperty(this, name, { value });
      return value;
    },
  });
}

export interface Store extends Repositories {
  /** Inside `work`, use only the repositories handed in: SQLite has one connection, and the outer ones would wait for it forever. */
  transaction<T>(work: (repos: Repositories) => Promise<T>, turn?: Turn): Promise<T>;
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
export function createStore({ db, dialect, auditKey }: OpenDatabase, { onAccessChanged = () => {} } = {}): Store {
  async function writeRecords(inside: Kysely<Schema>, records: readonly NewAuditRecord[]): Promise<void> {
    if (records.length === 0) return;
    if (!auditKey) throw new Error('The database was opened without the key of the audit log; nothing was changed');
    await appendRecords({ db: inside, dialect, key: auditKey }, records);
  }
  const groupCommit = createGroupCommit<NewAuditRecord[]>(db, {
    writeLast: (inside, left) => writeRecords(inside, left.flat()),
  });

  type Work<T> = (inside: Kysely<Schema>) => Promise<{ result: T; last: NewAuditRecord[] }>;
  /** Audit records come last, so that transactions wait for each other as short as possible; of those that share a commit, together. */
  const inTransaction = <T>(work: Work<T>, turn: Turn): Promise<T> =>
    dialect === 'sqlite'
      ? groupCommit(work, turn)
      : db.transaction().execute(async (inside) => {
          const { result, last } = await work(inside);
          await writeRecords(inside, last);
          return result;
        });

  async function transaction<T>(
    work: (repos: Repositories) => Promise<T>,
    { changesAccess = false, ...turn }: Turn & { changesAccess?: boolean } = {},
  ): Promise<T> {
    const after: (() => void)[] = [];
    const result = await inTransaction(async (inside) => {
      const pending = createPendingRecords();
      const context = { db: inside, dialect, pending, auditKey };
      const done = await work(new InTransaction(context, (then) => after.push(then)) as unknown as Repositories);
      // Sent by the server with the commit, or not at all.
      if (changesAccess && dialect === 'postgres') await sql`select pg_notify(${accessChannel}, '')`.execute(inside);
      return { result: done, last: pending.take() };
    }, turn);
    for (const then of after) then();
    return result;
  }

  const outside = { db, dialect, auditKey };
  const made = Object.entries(factories).map(([name, create]) => [name, create(outside)]);
  return {
    ...(Object.fromEntries(made) as Omit<Repositories, 'afterCommit'>),
    afterCommit: (then) => then(),
    transaction: (work, turn) => transaction(work, turn),
    async changeAccess(work) {
      try {
        return await transaction(work, { changesAccess: true });
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
