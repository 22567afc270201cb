import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { createRedactor, type Redactor } from '../logs/redactor.js';

/** Takes out of a build's output what its order must keep to itself. */
export function redactorOf({ secrets = {} }: BuildOrder): Redactor {
  return createRedactor(secrets);
}
