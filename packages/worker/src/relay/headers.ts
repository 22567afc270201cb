import { isPlatformHeader, passOn } from '@pipecat-cloud/contract/relay-headers';

/** Headers for the instance: its own host and the session that the hop proves, whatever the caller claimed. */
export function forInstance(rawHeaders: readonly string[], host: string, sessionId: string): string[] {
  const passed = passOn(rawHeaders, (name) => name === 'host' || isPlatformHeader(name));
  return ['host', host, 'x-daily-session-id', sessionId, ...passed];
}

/** Headers of the instance's answer: it must not look like the worker's own refusal. */
export const fromInstance = (rawHeaders: readonly string[]): string[] =>
  passOn(rawHeaders, (name) => name.startsWith('x-pipecat-cloud-'));
