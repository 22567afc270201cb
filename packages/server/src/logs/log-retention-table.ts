export interface LogRetentionTables {
  /** Null where the installation's limit holds. */
  log_retention: {
    agent_id: string;
    organization_id: string;
    days: number | null;
    megabytes: number | null;
    updated_at: string;
  };
}
