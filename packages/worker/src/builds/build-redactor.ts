import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { loginOf } from '../drivers/docker/registry-credentials.js';
import { createRedactor, type Redactor } from '../logs/redactor.js';

/** Takes out of a build's output what its order must keep to itself. */
export function redactorOf({ secrets = {}, registry }: BuildOrder): Redactor {
  if (!registry) return createRedactor(secrets);
  return createRedactor(secrets, { password: loginOf(registry).password, credentials: registry.credentials });
}
