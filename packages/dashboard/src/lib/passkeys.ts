import type { PasskeyAssertion, PasskeyOptions, PasskeyRegistration } from '@pipecat-cloud/contract/sign-in';

/** The part of the browser library that speaks to authenticators; loaded when somebody uses a passkey. */
const load = () => import('@simplewebauthn/browser');

type CreationOptions = Parameters<Awaited<ReturnType<typeof load>>['startRegistration']>[0]['optionsJSON'];
type RequestOptions = Parameters<Awaited<ReturnType<typeof load>>['startAuthentication']>[0]['optionsJSON'];

/** Asks the browser for a new passkey. Throws a sentence for the person. */
export async function createPasskey({ options }: PasskeyOptions): Promise<PasskeyRegistration> {
  const { startRegistration } = await load();
  try {
    return (await startRegistration({ optionsJSON: options as unknown as CreationOptions })) as PasskeyRegistration;
  } catch (error) {
    throw new Error(sentenceOf(error), { cause: error });
  }
}

/** Asks the browser to answer with a passkey. Throws a sentence for the person. */
export async function askPasskey({ options }: PasskeyOptions): Promise<PasskeyAssertion> {
  const { startAuthentication } = await load();
  try {
    return (await startAuthentication({ optionsJSON: options as unknown as RequestOptions })) as PasskeyAssertion;
  } catch (error) {
    throw new Error(sentenceOf(error), { cause: error });
  }
}

/** Browsers say little on purpose: "not allowed" is all of cancelled, timed out and no passkey there. */
export function sentenceOf(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'InvalidStateError') return 'This device has a passkey for your account already';
  if (name === 'NotAllowedError')
    return 'No passkey was used: it was cancelled, took too long, or this device has none';
  if (name === 'NotSupportedError') return 'This browser or device makes no passkeys of the kind that is needed';
  if (name === 'SecurityError') return 'The browser offers no passkeys at this address';
  return 'The browser could not use a passkey; try again or choose another way';
}
