/** Tables of sign-ins by OAuth. */
export interface OauthTables {
  oauth_login: {
    id: string;
    user_id: string;
    /** Of the protocol's grant id, which leaves this server never. */
    grant_digest: string;
    client_id: string;
    via: string;
    address: string | null;
    user_agent: string | null;
    second_factor: number;
    created_at: string;
    expires_at: string;
    last_issued_at: string | null;
    ended_at: string | null;
    ended_cause: string | null;
  };
  oauth_record: {
    /** Kind of record, as the library names it: AuthorizationCode, AccessToken, … */
    model: string;
    digest: string;
    grant_digest: string | null;
    user_code_digest: string | null;
    payload: string;
    expires_at: string;
    consumed_at: string | null;
    /** When a device last asked whether its code was decided on. */
    polled_at: string | null;
  };
}
