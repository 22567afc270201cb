/** Part of `Schema`. */
export interface AuditTables {
  audit: {
    id: string;
    /** The organization's id, or `installation` for what belongs to none. With `seq`: unique. */
    chain: string;
    seq: number;
    prev_hash: string;
    hash: string;
    organization_id: string | null;
    at: string;
    actor_kind: string;
    actor_id: string | null;
    credential_id: string | null;
    parent_credential_id: string | null;
    address: string | null;
    user_agent: string | null;
    ci_run: string | null;
    action: string;
    target: string | null;
    detail_json: string | null;
  };
  audit_chain: {
    chain: string;
    /** Of the newest record. */
    seq: number;
    hash: string;
    /** Of the newest record that retention removed; 0 and zeros where it removed none. */
    anchor_seq: number;
    anchor_hash: string;
    /** Of the installation's chain alone: how many chains of organizations were ever begun. */
    begun: number;
    mac: string;
  };
}
