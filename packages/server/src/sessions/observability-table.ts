export interface ObservabilityTables {
  /** Percentiles and series of an ended session, as JSON. */
  session_metrics: { session_id: string; metrics_json: string };
  /** Where the time of its start went, as JSON. */
  session_trace: { session_id: string; trace_json: string };
}
