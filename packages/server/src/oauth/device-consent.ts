import type { OauthRequest } from '@pipecat-cloud/contract/oauth';
import type { DeviceCode, Provider } from 'oidc-provider';
import { createThrottle } from '../access/throttle.js';
import type { Store } from '../db/store.js';
import { AppError, conflict, gone } from '../errors.js';
import type { Clock } from '../system.js';
import { nameOfClient } from './oauth-endpoints.js';
import { amrOf, type Decider, type Decision, type OauthGrants, scopesOf, timeOf } from './oauth-grants.js';
import type { RecordDigests } from './record-digests.js';

interface DeviceConsentDeps {
  provider: () => Promise<Provider>;
  store: Store;
  clock: Clock;
  digests: RecordDigests;
  grants: OauthGrants;
}

/** A person decides on a device that waits elsewhere, by the code that it shows. */
export function createDeviceConsent({ provider, store, clock, digests, grants }: DeviceConsentDeps) {
  const wrongCodes = createThrottle({ clock, limit: 10, windowSeconds: 600 });

  async function deviceCodeOf(decider: Decider, typed: string): Promise<{ code: DeviceCode; userCode: string }> {
    const key = decider.userId;
    wrongCodes.check(key);
    // Only these letters are in codes; what people put between them does not count.
    const userCode = typed.toUpperCase().replace(/[^A-Z]/g, '');
    const code = await (await provider()).DeviceCode.findByUserCode(userCode, { ignoreExpiration: true });
    if (!code) {
      wrongCodes.fail(key);
      throw new AppError(404, '404', 'No sign-in waits for this code: it is mistyped, or it was decided on already');
    }
    if (code.isExpired) throw gone('This code has expired. Run the command again for a new one');
    return { code, userCode };
  }

  return {
    /** Throws 404 for an unknown code (throttled for each person), 410 for an expired one. */
    async describe(decider: Decider, typed: string): Promise<OauthRequest> {
      const { code } = await deviceCodeOf(decider, typed);
      const info = (code.deviceInfo ?? {}) as { ip?: string; ua?: string };
      return {
        clientName: nameOfClient(code.clientId ?? ''),
        kind: 'device',
        redirectUri: null,
        address: info.ip ?? null,
        userAgent: info.ua?.slice(0, 200) || null,
        requestedAt: timeOf(code.iat),
        expiresAt: timeOf(code.exp),
        scopes: scopesOf(code.params).split(' '),
      };
    },

    /** Once for each code, whoever decides first. */
    async decide(decider: Decider, typed: string, decision: Decision): Promise<void> {
      const { code, userCode } = await deviceCodeOf(decider, typed);
      if (!(await store.oauthRecords.takeUserCode(digests.ofUserCode(userCode))))
        throw conflict('This code was decided on already');
      const clientId = code.clientId ?? '';
      if (decision === 'deny') {
        await grants.recordDenial(decider, clientId, 'device');
        Object.assign(code, { error: 'access_denied', errorDescription: 'The person refused this sign-in' });
      } else {
        const info = (code.deviceInfo ?? {}) as { ip?: string; ua?: string };
        const scope = scopesOf(code.params);
        const from = { address: info.ip ?? '', userAgent: info.ua ?? null };
        Object.assign(code, {
          accountId: decider.userId,
          amr: amrOf(decider),
          authTime: Math.floor(clock.now().getTime() / 1000),
          grantId: await grants.grant(decider, clientId, scope, 'device', from),
          scope,
        });
      }
      await code.save();
    },
  };
}
export type DeviceConsent = ReturnType<typeof createDeviceConsent>;
