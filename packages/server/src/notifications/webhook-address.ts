import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { badRequest } from '../errors.js';
import { type AddressClass, classOf } from '../http/address-class.js';

/** Resolves to every address of a name: `dns.promises.lookup` with `all`. */
export type ResolveAll = (host: string) => Promise<LookupAddress[]>;

export class AddressRefused extends Error {}

const refusals: Record<Exclude<AddressClass, 'public'>, string> = {
  private: 'the host is in a private network, which this server does not post to (PIPECAT_CLOUD_PRIVATE_WEBHOOKS)',
  never: 'the host is not an address that webhooks are posted to',
};

/** Refuses addresses inside this network unless they were allowed; plain http is for those only. Throws `AddressRefused`. */
export function checkAddress(
  address: string,
  { secure, allowPrivate }: { secure: boolean; allowPrivate: boolean },
): void {
  const found = classOf(address);
  if (found === 'never' || (found === 'private' && !allowPrivate)) throw new AddressRefused(refusals[found]);
  if (found === 'public' && !secure) throw new AddressRefused('plain http is only for hosts in a private network');
}

/** The URL as it is kept. Throws a 400 that says what to change. What a name stands for is only known when it is dialled. */
export function readWebhookUrl(text: string, allowPrivate: boolean): string {
  if (!URL.canParse(text)) throw badRequest('The URL of a webhook looks like https://example.com/hook');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate))
    throw badRequest('A webhook needs https: its messages name people and tokens');
  if (url.username || url.password)
    throw badRequest(
      'A webhook takes no user name or password in its URL; check the signature of its messages instead',
    );
  url.hash = '';
  const literal = literalOf(url);
  if (literal !== undefined) {
    try {
      checkAddress(literal, { secure: url.protocol === 'https:', allowPrivate });
    } catch (error) {
      if (error instanceof AddressRefused) throw badRequest(`This webhook can't be posted to: ${error.message}`);
      throw error;
    }
  }
  return url.href;
}

/** The address that a URL names directly; the parser has turned decimal, octal and hexadecimal ways to write one into the usual form. */
export function literalOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}

/**
 * A lookup for one connection, which checks the very addresses that are dialled: a name that answers otherwise a moment later gains
 * nothing. One address that is refused refuses them all.
 */
export function guardedLookup(resolve: ResolveAll, rules: { secure: boolean; allowPrivate: boolean }): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        try {
          for (const { address } of addresses) checkAddress(address, rules);
        } catch (error) {
          return callback(error as Error, '');
        }
        const [first] = addresses;
        if (!first) return callback(Object.assign(new Error('No address'), { code: 'ENOTFOUND' }), '');
        return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
