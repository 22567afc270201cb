import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** How an engine is reached. */
export interface EngineAddress {
  /** As people write it: `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`. */
  url: string;
  origin: string;
  socketPath?: string;
}

/**
 * Reads `unix:///path`, `tcp://host:port` or `http://host:port`. Throws with what may be written. Addresses of other machines are refused:
 * the worker stands beside its engine, and the Engine API is no protocol to leave open on a network.
 */
export function parseEngineAddress(text: string): EngineAddress {
  const url = text.trim();
  const socketPath = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  if (socketPath) return { url, origin: 'http://engine', socketPath };
  const parsed = URL.parse(url.replace(/^tcp:/, 'http:'));
  if (parsed?.protocol !== 'http:' || parsed.port === '') {
    throw new Error(
      `'${text}' is no address of a container engine; write unix:///var/run/docker.sock or tcp://127.0.0.1:2375`,
    );
  }
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname)) {
    throw new Error(`the container engine '${text}' is on another machine; start a worker on that machine instead`);
  }
  return { url, origin: parsed.origin };
}

/** Where engines usually answer: `DOCKER_HOST`, Docker's own socket, that of Docker Desktop, those of Podman. Only sockets that are there. */
export function usualAddresses(environment: Record<string, string | undefined>): string[] {
  if (environment.DOCKER_HOST) return [environment.DOCKER_HOST];
  const runtime = environment.XDG_RUNTIME_DIR;
  const sockets = [
    '/var/run/docker.sock',
    join(environment.HOME ?? homedir(), '.docker/run/docker.sock'),
    ...(runtime ? [join(runtime, 'docker.sock'), join(runtime, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
  return sockets.filter((path) => existsSync(path)).map((path) => `unix://${path}`);
}
