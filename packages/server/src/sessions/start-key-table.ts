/** Idempotency keys of session starts: which session a key has made, and of what request. */
export interface StartKeyTables {
  start_key: {
    organization_id: string;
    agent_id: string;
    start_key: string;
    body_digest: string;
    session_id: string;
    expires_at: string;
  };
}
