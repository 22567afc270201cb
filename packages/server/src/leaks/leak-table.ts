export interface LeakTables {
  /** A live credential in a place where it should not be: unique by organization, credential and place. */
  leak_finding: {
    id: string;
    organization_id: string;
    credential_kind: string;
    credential_id: string;
    masked: string;
    /** 1 where the credential belongs to the organization or reaches it. */
    belongs: number;
    place_kind: string;
    place_name: string;
    /** Build or deployment in which it was last seen. */
    reference: string | null;
    first_seen_at: string;
    last_seen_at: string;
    count: number;
    revoked: number;
  };
}
