import type { RequestFunction } from './client.js';
import type { StatusOk } from './errors.js';
import type {
  AddPasskeyBody,
  DashboardSessionList,
  PasskeyEnvelope,
  PasskeyList,
  PasskeyOptions,
  PasskeySignInBody,
  PasswordSignInBody,
  PutPasswordBody,
  RecoveryCodeList,
  SecurityFacts,
  SignInMethods,
  StepUpBody,
} from './sign-in.js';

/** How a person signs in at the dashboard and what they see of it: for pages that carry the session cookie. */
export function signInCalls(request: RequestFunction) {
  const self = '/v1/users/self';
  const passkey = (id: string) => `${self}/passkeys/${encodeURIComponent(id)}`;
  return {
    signInMethods: () => request<SignInMethods>('GET', '/auth/methods'),
    signInWithPassword: (body: PasswordSignInBody) => request<StatusOk>('POST', '/auth/password', { body }),
    passkeySignInOptions: () => request<PasskeyOptions>('POST', '/auth/passkey/options', { body: {} }),
    signInWithPasskey: (body: PasskeySignInBody) => request<StatusOk>('POST', '/auth/passkey', { body }),

    security: () => request<SecurityFacts>('GET', `${self}/security`),
    putPassword: (body: PutPasswordBody) => request<StatusOk>('PUT', `${self}/password`, { body }),
    removePassword: () => request<StatusOk>('DELETE', `${self}/password`),

    listPasskeys: () => request<PasskeyList>('GET', `${self}/passkeys`),
    passkeyOptions: () => request<PasskeyOptions>('POST', `${self}/passkeys/options`, { body: {} }),
    addPasskey: (body: AddPasskeyBody) => request<PasskeyEnvelope>('POST', `${self}/passkeys`, { body }),
    renamePasskey: (id: string, name: string) => request<PasskeyEnvelope>('PATCH', passkey(id), { body: { name } }),
    removePasskey: (id: string) => request<StatusOk>('DELETE', passkey(id)),

    makeRecoveryCodes: () => request<RecoveryCodeList>('POST', `${self}/recovery-codes`, { body: {} }),

    stepUpCode: () => request<StatusOk>('POST', `${self}/step-up/code`, { body: {} }),
    stepUpPasskeyOptions: () => request<PasskeyOptions>('POST', `${self}/step-up/passkey-options`, { body: {} }),
    stepUp: (body: StepUpBody) => request<StatusOk>('POST', `${self}/step-up`, { body }),

    listDashboardSessions: () => request<DashboardSessionList>('GET', `${self}/sessions`),
    endDashboardSession: (id: string) => request<StatusOk>('DELETE', `${self}/sessions/${encodeURIComponent(id)}`),
    endOtherDashboardSessions: () => request<StatusOk>('DELETE', `${self}/sessions`),
  };
}
