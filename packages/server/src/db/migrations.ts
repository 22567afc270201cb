import type { Migration, MigrationProvider } from 'kysely/migration';
import { first } from './migrations/0001-first.js';
import { accessControl } from './migrations/0002-access-control.js';
import { auditChain } from './migrations/0003-audit-chain.js';
import { signIn } from './migrations/0004-sign-in.js';
import { oauth } from './migrations/0005-oauth.js';
import { leaks } from './migrations/0006-leaks.js';
import { notifications } from './migrations/0007-notifications.js';
import { regionsProfilesSpend } from './migrations/0008-regions-profiles-spend.js';
import { sessionLists } from './migrations/0009-session-lists.js';
import { pool } from './migrations/0010-pool.js';
import { rollout } from './migrations/0011-rollout.js';
import { observability } from './migrations/0012-observability.js';
import { telephony } from './migrations/0013-telephony.js';
import { builds } from './migrations/0014-builds.js';
import { usage } from './migrations/0015-usage.js';
import { tokenPermissions } from './migrations/0016-token-permissions.js';
import { sessionEndStates } from './migrations/0017-session-end-states.js';
import { claims } from './migrations/0018-claims.js';
import { exitReasons } from './migrations/0019-exit-reasons.js';
import { codeBrowsers } from './migrations/0020-code-browsers.js';
import { buildCredentials } from './migrations/0021-build-credentials.js';

/** Numbered, in order, never edited once released: a change is the next number. */
const migrations = (auditKey: Buffer | undefined): Record<string, Migration> => ({
  '0001-first': { up: first },
  '0002-access-control': { up: accessControl },
  '0003-audit-chain': { up: (db) => auditChain(db, auditKey) },
  '0004-sign-in': { up: signIn },
  '0005-oauth': { up: oauth },
  '0006-leaks': { up: leaks },
  '0007-notifications': { up: notifications },
  '0008-regions-profiles-spend': { up: regionsProfilesSpend },
  '0009-session-lists': { up: sessionLists },
  '0010-pool': { up: pool },
  '0011-rollout': { up: rollout },
  '0012-observability': { up: observability },
  '0013-telephony': { up: telephony },
  '0014-builds': { up: builds },
  '0015-usage': { up: usage },
  '0016-token-permissions': { up: tokenPermissions },
  '0017-session-end-states': { up: sessionEndStates },
  '0018-claims': { up: claims },
  '0019-exit-reasons': { up: exitReasons },
  '0020-code-browsers': { up: codeBrowsers },
  '0021-build-credentials': { up: buildCredentials },
});

/** `auditKey` seals the chains of records that are older than chains; without it, a database that has some is refused. */
export const migrationProvider = (auditKey: Buffer | undefined): MigrationProvider => ({
  getMigrations: async () => migrations(auditKey),
});
