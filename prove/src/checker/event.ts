/**
 * What was seen from outside, in milliseconds of the machine's monotonic clock, which all its processes share. The checker reads
 * nothing else: not the database, not the logs, not what the product says of itself but for what it answers to clients.
 */
export type Event = { at: number } & (AgentEvent | ClientEvent | ProverEvent);

/** Written by the agents themselves. `instance` is a name that each process gives itself when it begins. */
export type AgentEvent =
  /** `secretsOf`: whose secrets it got; `codeOf`: whose code it is. */
  | { type: 'boot'; instance: string; pid: number; secretsOf: string; codeOf: string; agent: string; version: string }
  /** It is there, with this session or idle. */
  | { type: 'beat'; instance: string; session: string | null }
  /** `/bot` or `/ws` has come. `request` and `organization` are the caller's own words, from the body. */
  | { type: 'begin'; instance: string; session: string; request: string; organization: string }
  /** Its bot takes the whole process until then: nothing is said meanwhile. */
  | { type: 'hang'; instance: string; session: string; until: number }
  /** It was sent SIGTERM. */
  | { type: 'told'; instance: string; session: string | null }
  /** Its bot has returned, or the process ends itself. */
  | { type: 'end'; instance: string; session: string; how: 'finished' | 'hung-up' | 'told' | 'crashed' };

/** Written by the clients. A `status` that is absent: no answer came, so nobody knows whether it was done. */
export type ClientEvent =
  | {
      type: 'start';
      request: string;
      organization: string;
      agent: string;
      /** Sent to `/bot`, or by a socket that is relayed through control plane and worker. */
      entry: 'bot' | 'socket';
      /** The cap of the session, in milliseconds. */
      capMs: number;
    }
  | { type: 'started'; request: string; session?: string; status?: number }
  | { type: 'stop'; session: string }
  /** The client has closed the socket of its session. */
  | { type: 'hang-up'; session: string }
  /** The socket of its session has closed, and not by the client. */
  | { type: 'cut'; session: string }
  /** How many sessions an agent may have at most, and how many idle instances are to be kept. */
  | { type: 'limit'; call: string; organization: string; agent: string; sessions: number; warm: number }
  | { type: 'limited'; call: string; status?: number }
  /** A request to a session, and which session the one that answered it held. */
  | { type: 'relayed'; session: string; instance: string; answeredBy: string | null }
  /** What the API says of a session, and when it was asked; `ended` is the Unix time of its end in milliseconds. */
  | {
      type: 'seen';
      session: string;
      asked: number;
      state: 'starting' | 'active' | 'ended' | 'unknown';
      ended?: number;
      reason?: string;
    };

/** Written by the prover. */
export type ProverEvent =
  /** Unix time in milliseconds at this moment, to compare with times that the API gives. */
  | { type: 'wall'; unix: number }
  | { type: 'fault'; fault: string; kind: FaultKind; instance?: string }
  | { type: 'fault-over'; fault: string }
  /** The prover itself was not served by the machine for so long. */
  | { type: 'lag'; ms: number }
  /** Of the last `of` ms, work that keeps a processor busy was kept waiting for so long. */
  | { type: 'starved'; ms: number; of: number }
  /** The last fault is over and no session is left: from here the clock of E6 runs. */
  | { type: 'quiet' }
  | { type: 'pool'; organization: string; agent: string; idle: number; wanted: number }
  /** Something that should be gone. */
  | { type: 'left'; what: string }
  | { type: 'leak'; where: string };

/** What a fault is done to. A `restore` puts an older backup of the database in the place of the present one. */
export type FaultKind = 'server' | 'worker' | 'link' | 'database' | 'disk' | 'clock' | 'restore' | 'instance';

export interface Breach {
  rule: 'E1' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6' | 'E7' | 'E8' | 'E9';
  what: string;
}
