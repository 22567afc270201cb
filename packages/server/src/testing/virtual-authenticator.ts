import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { PasskeyAssertion, PasskeyRegistration } from '@pipecat-cloud/contract/sign-in';

interface Held {
  id: Buffer;
  key: KeyObject;
  userHandle: string;
  counter: number;
}
interface Answering {
  origin?: string;
  userVerified?: boolean;
  /** Where the authenticator's counter is put before it answers. */
  counter?: number;
  userHandle?: string;
}
type Options = { options: object };
interface CreationOptions {
  challenge: string;
  rp: { id: string };
  user: { id: string };
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();
const base64url = (data: Buffer | string) => Buffer.from(data).toString('base64url');

/** A software authenticator that does what a browser and a security key do together (WebAuthn §6, ES256, no attestation). */
export function createVirtualAuthenticator(site: { origin: string; id: string }) {
  let held: Held | undefined;

  function clientData(type: string, challenge: string, origin = site.origin): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }
  /** User present is bit 0, user verified bit 2, attested credential bit 6. */
  function head(flags: number, counter: number): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(site.id), Buffer.from([flags]), count]);
  }

  return {
    register({ options }: Options, { origin, userVerified = true }: Answering = {}): PasskeyRegistration {
      const { challenge, user } = options as CreationOptions;
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const id = randomBytes(16);
      held = { id, key: privateKey, userHandle: user.id, counter: 0 };
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const cose = Buffer.concat([
        Buffer.from('a5010203262001215820', 'hex'),
        Buffer.from(x, 'base64url'),
        Buffer.from('225820', 'hex'),
        Buffer.from(y, 'base64url'),
      ]);
      const flags = 0x41 | (userVerified ? 4 : 0);
      const authData = Buffer.concat([head(flags, 0), Buffer.alloc(16), Buffer.from([0, id.length]), id, cose]);
      const attestationObject = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'),
        Buffer.from([authData.length]),
        authData,
      ]);
      return {
        id: base64url(id),
        rawId: base64url(id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(clientData('webauthn.create', challenge, origin)),
          attestationObject: base64url(attestationObject),
          transports: ['internal'],
        },
      };
    },

    answer(
      { options }: Options,
      { origin, userVerified = true, counter, userHandle }: Answering = {},
    ): PasskeyAssertion {
      if (!held) throw new Error('Nothing is registered');
      held.counter = counter ?? held.counter + 1;
      const data = clientData('webauthn.get', (options as CreationOptions).challenge, origin);
      const authenticatorData = head(1 | (userVerified ? 4 : 0), held.counter);
      const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(data)]), held.key);
      return {
        id: base64url(held.id),
        rawId: base64url(held.id),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: base64url(data),
          authenticatorData: base64url(authenticatorData),
          signature: base64url(signature),
          userHandle: userHandle ?? held.userHandle,
        },
      };
    },
  };
}
export type VirtualAuthenticator = ReturnType<typeof createVirtualAuthenticator>;
