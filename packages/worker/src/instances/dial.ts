import { once } from 'node:events';
import { Agent, type AgentOptions, type ClientRequestArgs, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Driver } from '../drivers/driver.js';

type Runs = NonNullable<Driver['runs']>;
type Created = (error: Error | null, socket: Duplex) => void;

/**
 * Resolves once the connection stands, or can't, with whether it surely leads to this instance. Never rejects. An instance that has
 * ended leaves its address to another, and who dials it before that end is known here reaches the other one. So the instance is looked
 * at after the connection was made: where it runs, it has run all the while since its address was learned, and nobody else had that.
 */
export async function leadsTo(runs: Runs, instanceId: string, socket: Socket): Promise<boolean> {
  try {
    if (socket.connecting) await once(socket, 'connect');
    return (await runs(instanceId)) && !socket.destroyed;
  } catch {
    return false;
  }
}

/** `createConnection` of a request to an instance. Undefined for a driver whose addresses are never another's. */
export function connectionTo(runs: Driver['runs'], instanceId: string) {
  return (
    runs &&
    (({ host, port }: ClientRequestArgs, created: Created): undefined => {
      const socket = connect({ host: host ?? '127.0.0.1', port: Number(port) });
      let failure = new Error('the instance has ended, as far as can be told');
      const note = (error: Error) => {
        failure = error;
      };
      socket.on('error', note);
      void leadsTo(runs, instanceId, socket).then((isIt) => {
        socket.off('error', note);
        if (isIt) return created(null, socket);
        socket.on('error', () => undefined).destroy();
        created(failure, socket);
      });
    })
  );
}

/** Of a request that goes by an `InstanceAgent`. */
export interface InstanceRequest extends RequestOptions {
  instanceId: string;
}

/** Keeps connections to instances, each for the instance that it was made to: another may have the same address later. */
export class InstanceAgent extends Agent {
  readonly #driver: () => Pick<Driver, 'runs'> | undefined;
  constructor(driver: () => Pick<Driver, 'runs'> | undefined, options: AgentOptions) {
    super(options);
    this.#driver = driver;
  }

  override getName(options: RequestOptions): string {
    return `${super.getName(options)}:${(options as InstanceRequest).instanceId}`;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): Duplex | null | undefined {
    const confirmed = created && connectionTo(this.#driver()?.runs, (options as InstanceRequest).instanceId);
    return confirmed ? confirmed(options, created) : super.createConnection(options, created);
  }
}
