export interface UsageDayTables {
  /** A stretch of time that an instance was warm, with a session or without, until it is added to its days. */
  usage_stretch: {
    id: string;
    organization_id: string;
    agent_id: string;
    kind: 'session' | 'idle';
    began_at: string;
    ended_at: string;
  };
  /** `day`: in UTC, as 2026-01-31. */
  usage_day: {
    organization_id: string;
    agent_id: string;
    day: string;
    session_ms: number;
    idle_ms: number;
    sessions: number;
  };
}
