/** Rows of the pool's own tables. */
export interface PoolTables {
  /** Measured demand, one row an agent: starts per second, and how long its last instances took to become ready. */
  pool_demand: {
    agent_id: string;
    organization_id: string;
    arrival_rate: number;
    measured_at: string;
    start_ms_json: string;
  };
  /** How many idle instances were to be kept and why; numbered by agent, the newest of them kept. */
  pool_decision: {
    agent_id: string;
    number: number;
    organization_id: string;
    decided_at: string;
    target: number;
    reason: string;
    inputs_json: string;
  };
}
