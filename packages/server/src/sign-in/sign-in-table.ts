/** Tables of how people sign in; kept in both databases as `db/schema.ts` says. */
export interface SignInTables {
  dashboard_session: {
    id: string;
    digest: string;
    user_id: string;
    created_at: string;
    /** When a factor was shown last: at sign-in or step-up. */
    authenticated_at: string;
    last_seen_at: string;
    expires_at: string;
    address: string | null;
    user_agent: string | null;
    factors_json: string;
  };
  password: {
    user_id: string;
    /** PHC string of argon2id. */
    hash: string;
    /** 1 when it was set anew by somebody who had shown the mailbox alone: it then proves no more than the mailbox. */
    by_email: number;
    updated_at: string;
  };
  passkey: {
    id: string;
    user_id: string;
    /** Base64url, as browsers send it. */
    credential_id: string;
    /** COSE key, base64url. */
    public_key: string;
    counter: number;
    transports_json: string;
    backed_up: number;
    name: string;
    created_at: string;
    last_used_at: string | null;
  };
  sign_in_attempt: {
    digest: string;
    purpose: string;
    user_id: string | null;
    session_id: string | null;
    next_path: string | null;
    expires_at: string;
  };
  oidc_link: { issuer: string; subject: string; user_id: string; created_at: string; last_used_at: string };
}
