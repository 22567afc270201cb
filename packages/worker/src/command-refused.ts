import type { CommandRefusal } from '@pipecat-cloud/contract/worker';

/** A command that is not carried out; the control plane gets the refusal and the message. */
export class CommandRefused extends Error {
  readonly refusal: CommandRefusal;
  constructor(refusal: CommandRefusal, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CommandRefused';
    this.refusal = refusal;
  }
}
