import type { Session, SessionDetail, TraceStep } from '@pipecat-cloud/contract/sessions';

/** How it came to its instance, and how long that took. */
export function startWords({ coldStart, botStartSeconds, state }: Session): string {
  if (coldStart === null) return state === 'ended' ? 'reached no instance' : 'waiting for an instance';
  const kind = coldStart ? 'cold start' : 'warm start';
  if (botStartSeconds === null) return kind;
  return `${kind}, ${botStartSeconds < 1 ? 'under a second' : `${botStartSeconds} s`}`;
}

/** Each step of a start: what went on meanwhile. */
export const stepWords: Readonly<Record<TraceStep, string>> = {
  queue: 'Waited for a free instance',
  claim: 'Took it',
  prepare: 'Pulled the image, or unpacked the files',
  boot: 'Process started, until it answered',
  activate: 'Agent accepted the session',
  connect: 'Socket opened',
};

type EventCode = SessionDetail['events'][number]['eventCode'];
export const eventWords: Readonly<Record<EventCode, string>> = {
  SESSION_START_INITIATED: 'Asked for',
  REQUEST_ARRIVED_AT_BOT: 'The agent has it',
  SESSION_COMPLETED: 'Over',
  SESSION_TIMEOUT: 'Out of time',
};

/** "850 ms", "12.4 s". */
export const milliseconds = (ms: number) => (ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

export const mebibyte = 1024 * 1024;
const tenths = (value: number) => Number(value.toFixed(1));
/** "12.5 MiB". */
export const mebibytes = (count: number) => `${tenths(count)} MiB`;
/** "0.5 m". */
export const millicores = (m: number) => `${tenths(m)} m`;
