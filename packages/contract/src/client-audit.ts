import type { AuditList, AuditQuery, AuditRange, AuditVerification } from './audit.js';
import type { RequestFunction, StreamFunction } from './client.js';

const tenMinutesMs = 600_000;

/** The calls about the audit log, spread into the client. */
export function auditCalls(request: RequestFunction, stream: StreamFunction) {
  const audit = (name: string) => `/v1/organizations/${encodeURIComponent(name)}/audit`;
  return {
    listAudit: (o: string, query: AuditQuery = {}) => request<AuditList>('GET', audit(o), { query }),
    /** JSON lines, oldest first, in pieces as they arrive: a piece may end within a line. */
    exportAudit: (o: string, query: AuditRange = {}) => stream(`${audit(o)}/export`, query),
    /** Walks the whole chain, so its deadline is longer than that of other calls. */
    verifyAudit: (o: string) => request<AuditVerification>('GET', `${audit(o)}/verify`, { timeoutMs: tenMinutesMs }),
  };
}
