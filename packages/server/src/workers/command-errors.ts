import type { CommandRefusal } from '@pipecat-cloud/contract/worker';

/** The worker said no. The command had no effect. */
export class CommandRefused extends Error {
  readonly refusal: CommandRefusal;
  constructor(refusal: CommandRefusal, message: string) {
    super(message);
    this.name = 'CommandRefused';
    this.refusal = refusal;
  }
}

/** No answer: the command may or may not have taken effect. Repeat it, or ask the worker's state. */
export class WorkerUnreachable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WorkerUnreachable';
  }
}
