export interface SpendTables {
  spend_limit: { organization_id: string; limit_cents: number; blocked_at: string | null; updated_at: string };
  /** `period`: the month, as 2026-01. */
  spend: { organization_id: string; period: string; microcents: number };
}
