import type { AuditLine } from '@pipecat-cloud/contract/audit-chain';
import type { RepositoryContext } from '../db/store.js';

type Acting = Pick<AuditLine, 'actorId' | 'credentialId'>;

/** What the ids in audit records are called now: people by their address, service accounts, tokens and keys by name. */
export function createNameRepository({ db }: Pick<RepositoryContext, 'db'>) {
  return {
    /** Only of ids that stand in these records, which must be the organization's own. Deleted things have names too. */
    async of(organizationId: string, records: readonly Acting[]): Promise<Record<string, string>> {
      const idsOf = (pick: (record: Acting) => string | null) => [
        ...new Set(records.map(pick).filter((id) => id !== null)),
        // A list that is empty is no SQL.
        '',
      ];
      const actors = idsOf(({ actorId }) => actorId);
      const credentials = idsOf(({ credentialId }) => credentialId);
      const named = await Promise.all([
        db.selectFrom('user_account').select(['id', 'email as name']).where('id', 'in', actors).execute(),
        db
          .selectFrom('service_account')
          .select(['id', 'name'])
          .where('organization_id', '=', organizationId)
          .where('id', 'in', actors)
          .execute(),
        db
          .selectFrom('api_key')
          .select(['id', 'name'])
          .where('organization_id', '=', organizationId)
          .where('id', 'in', credentials)
          .execute(),
        db.selectFrom('token').select(['id', 'name']).where('id', 'in', credentials).execute(),
      ]);
      return Object.fromEntries(named.flat().map(({ id, name }) => [id, name]));
    },
  };
}
