import type { RevocationResult, RevokeCredentialsBody, RevokedCredentials } from '@pipecat-cloud/contract/leaks';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { Actor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import { leakKindOf } from './credential-lookup.js';
import type { RevokeCredential } from './revoke-credential.js';

interface LeakDeskDeps {
  revokeCredential: RevokeCredential;
  /** Of its own, by source address: each unknown value costs one. */
  throttle: Throttle;
}

/** Where anybody hands in credentials that they found. */
export function createLeakDesk({ revokeCredential, throttle }: LeakDeskDeps) {
  /** Only whole values of secret kinds are looked up. */
  const costs = (value: string) => {
    const kind = leakKindOf(value);
    return kind !== undefined && kind !== 'public';
  };

  return {
    /** A result for each value, in order; equal values have equal results. 429 while the address has handed in too many unknown ones. */
    async report(actor: Actor, address: string, body: RevokeCredentialsBody): Promise<RevokedCredentials> {
      const detail = detailOf(body);
      const distinct = new Set(body.credentials);
      const charged = [...distinct].filter(costs).length;
      if (charged > 0) throttle.check(address);
      // Paid before, given back after, so that requests at the same time don't all see an empty account.
      throttle.fail(address, charged);
      const results = new Map<string, RevocationResult>();
      let known = 0;
      try {
        for (const value of distinct) {
          const result = await revokeCredential(value, actor, { detail });
          results.set(value, result);
          if (result.id !== undefined) known++;
        }
      } finally {
        throttle.forgive(address, known);
      }
      return { results: body.credentials.map((value) => results.get(value) as RevocationResult) };
    },
  };
}
export type LeakDesk = ReturnType<typeof createLeakDesk>;

/** What the reporter says goes to the audit log, but for credentials in it. */
function detailOf({ reporter, url, notes }: RevokeCredentialsBody): Record<string, unknown> {
  const report = Object.entries({ reporter, url, notes }).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, redact(text)]],
  );
  return report.length === 0 ? {} : { report: Object.fromEntries(report) as Record<string, string> };
}
