/** How often and how long, in one place; tests shorten them. */
export interface Timings {
  /** The whole state is sent this often even if nothing changed. */
  observeMs: number;
  /** And not more often than this. */
  leastMs: number;
  /** What is kept of builds is sent this often even if nothing changed: what was refused then may be forgotten now. */
  keptMs: number;
  /** How often it is told which images nothing here uses any more. */
  unusedImagesMs: number;
  /** How long a build that is missing here is waited for to be ordered. */
  orderMs: number;
  usageMs: number;
  /** How often the worker says what its machine is and has. */
  statusMs: number;
  /** Between probes until an instance is ready, and afterwards. */
  probeStartMs: number;
  probeIdleMs: number;
  probeTimeoutMs: number;
  /** From the socket's close to the stop marker, then the instance is killed. */
  socketGraceMs: number;
  /**
   * Of a socket that an instance cut off: how long the instance's end is waited for, and then again how long the driver may take to say
   * whether it has ended. After that the session ends by its socket.
   */
  exitLookMs: number;
  /** From the session cap to the bot's end, then the instance is killed. */
  capGraceMs: number;
  /** Between SIGTERM and SIGKILL when a session is stopped. */
  stopGraceSeconds: number;
  /** How long requests of an ended session may still finish, unless a new session comes first. */
  relayGraceMs: number;
  /** How long a removal waits for the last log lines to be acknowledged. */
  drainMs: number;
  logBatchMs: number;
  /** Ping interval of the channel, and the silence after which the peer counts as dead. */
  pingMs: number;
  silenceMs: number;
  /** Reconnecting: first and longest wait. */
  backoffMinMs: number;
  backoffMaxMs: number;
}

/** What a worker runs with. */
export const defaultTimings: Timings = {
  observeMs: 5000,
  leastMs: 20,
  keptMs: 60_000,
  unusedImagesMs: 3_600_000,
  orderMs: 20_000,
  usageMs: 5000,
  statusMs: 30_000,
  probeStartMs: 50,
  probeIdleMs: 5000,
  probeTimeoutMs: 2000,
  socketGraceMs: 10_000,
  exitLookMs: 500,
  capGraceMs: 15_000,
  stopGraceSeconds: 2,
  relayGraceMs: 5000,
  drainMs: 3000,
  logBatchMs: 100,
  pingMs: 3000,
  silenceMs: 9000,
  backoffMinMs: 100,
  backoffMaxMs: 2000,
};
