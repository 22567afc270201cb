import type { Writable } from 'node:stream';

declare module 'ws' {
  /** The frame parser of `ws`, which its types leave out. Unmasks what is written to it in place. */
  export class Receiver extends Writable {
    constructor(options: { isServer: boolean; maxPayload: number });
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: string, listener: (...args: never[]) => void): this;
  }
}
