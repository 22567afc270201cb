import type { AddPasskeyBody } from '@pipecat-cloud/contract/sign-in';
import type { StoredPasskey } from './passkey-repository.js';
import type { PasskeySite } from './passkey-site.js';

/** EdDSA, ES256, RS256 (COSE): what authenticators have; named here so that a new Node does not change the offer. */
const supportedAlgorithmIDs = [-8, -7, -257];
/** Loaded at first use: the process at rest does without it. */
const load = () => import('@simplewebauthn/server');

interface Registering {
  userId: string;
  email: string;
  /** What the person has already: their authenticators make no second one. */
  known: readonly StoredPasskey[];
  challenge: Buffer;
}

/** What the browser's credential API is given for a new passkey: discoverable, with user verification, without attestation. */
export async function registrationOptions(site: PasskeySite, { userId, email, known, challenge }: Registering) {
  const { generateRegistrationOptions } = await load();
  return await generateRegistrationOptions({
    rpName: 'Pipecat Cloud',
    rpID: site.id,
    userName: email,
    userDisplayName: email,
    userID: new Uint8Array(Buffer.from(userId)),
    challenge: new Uint8Array(challenge),
    attestationType: 'none',
    supportedAlgorithmIDs,
    timeout: 300_000,
    excludeCredentials: known.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

/** What is kept of a new passkey; undefined for whatever is wrong with the browser's answer. */
export async function verifyRegistration(site: PasskeySite, challenge: Buffer, { response }: AddPasskeyBody) {
  const { verifyRegistrationResponse } = await load();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: true,
      supportedAlgorithmIDs,
    });
    if (!verified) return undefined;
    const { credential, credentialBackedUp } = registrationInfo;
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      backedUp: credentialBackedUp,
    };
  } catch {
    return undefined;
  }
}
