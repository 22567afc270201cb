/** One living process; a zombie has ended and is never listed. */
export interface ProcessEntry {
  pid: number;
  group: number;
  /** Differs between two processes that had the same id one after the other. */
  startedAt: string;
  /** CPU time of it and of the children it has waited for. */
  cpuMs: number;
}

/** What there is at a moment. */
export type ProcessView = Pick<ProcessTable, 'list' | 'marked' | 'sinceBoot'>;

/**
 * The machine's processes, as far as this user may see them. Reads are synchronous: each is a few microseconds, and all processes of a
 * machine are some milliseconds.
 */
export interface ProcessTable {
  /** Start time of a process, also of a zombie; undefined when there is none of that id. */
  startedAt(pid: number): string | undefined;
  /** False for a start time from before the machine last started. */
  sinceBoot(startedAt: string): boolean;
  /** All of them, or the one of an id. */
  list(pid?: number): ProcessEntry[];
  /** Processes whose environment at their start had `name`, with its value. Empty where the system doesn't tell. */
  marked(name: string): { pid: number; value: string }[];
  /** Environment of a process at its start; empty where the system doesn't tell. */
  environment(pid: number): Record<string, string>;
  memoryBytes(pid: number): number;
  /** All of them and those with that mark, read in pieces between which others go on: one that has just begun may be missing. */
  look(mark: string): Promise<ProcessView>;
}
