import { type Command, commandsOf } from './catalogue.js';
import type { CompatibilityTable } from './compatibility-page.js';
import type { Passed } from './recording-proxy.js';
import type { Results } from './results.js';
import { routes } from './routes.js';
import { type Credential, credentials, type Version, versions } from './track.js';

const headings: Record<Credential, string> = {
  personal: 'personal access token',
  serviceAccount: 'service-account token',
  login: 'its own sign-in',
  narrow: 'narrow token',
};

/** Why a command has no meaning with a credential; undefined where it has to be driven. */
export function whyNot({ without = {}, narrow }: Command, credential: Credential): string | undefined {
  return without[credential] ?? (credential === 'narrow' && typeof narrow === 'string' ? narrow : undefined);
}

/** Every command of a version with each credential. */
export function commandTable(results: Results, version: Version): CompatibilityTable {
  const cell = (command: Command, credential: Credential) => {
    const reason = whyNot(command, credential);
    if (reason !== undefined) return `does not apply: ${reason}`;
    const { remarks, instead = 'pass' } = results.of(version, command.name, credential);
    return credential === 'narrow' && remarks.size > 0 ? [...remarks].join('; ') : instead;
  };
  /** What is said with a personal token holds for all; of the others what is said with them alone. */
  const remarksOf = (command: Command) => {
    const told = (credential: Credential) =>
      whyNot(command, credential) === undefined ? [...results.of(version, command.name, credential).remarks] : [];
    const common = told('personal');
    const own = (['serviceAccount', 'login'] as const).flatMap((credential) =>
      told(credential)
        .filter((remark) => !common.includes(remark))
        .map((remark) => `${headings[credential]}: ${remark}`),
    );
    return [...common, ...own].join('; ') || '–';
  };
  return {
    columns: ['command', ...credentials.map((each) => headings[each]), 'remarks'],
    rows: commandsOf(version).map((command) => [
      `\`${command.name}\``,
      ...credentials.map((each) => cell(command, each)),
      remarksOf(command),
    ]),
  };
}

/** Every call of the SDK with each version. */
export function sdkTable(results: Results, calls: readonly string[]): CompatibilityTable {
  const cell = (version: Version, call: string) =>
    ['pass', [...results.of(version, call, 'personal').remarks].join('; ')].filter(Boolean).join(': ');
  return {
    columns: ['call', ...versions.map((version) => `pipecatcloud ${version}`)],
    rows: calls.map((call) => [`\`${call}\``, ...versions.map((version) => cell(version, call))]),
  };
}

/** Every route with each version. */
export function routeTable(passed: readonly Passed[]): CompatibilityTable {
  return {
    columns: ['route', ...versions.map((version) => `pipecatcloud ${version}`)],
    rows: routes.map(({ route, version: only, answers }) => [
      `\`${route}\``,
      ...versions.map((version) => {
        if (only !== undefined && only !== version) return 'this version does not know it';
        const seen = passed.filter((each) => each.version === version && each.route === route);
        if (answers) {
          // 403 is the narrow token's.
          if (!seen.some(({ status }) => status === answers.status) || seen.some(({ status }) => status < 400)) {
            throw new Error(`${route} was to answer ${answers.status} to ${version}: ${statusesOf(seen)}`);
          }
          return `answers ${answers.status}: ${answers.because}`;
        }
        if (!seen.some(({ status }) => status < 400)) throw new Error(`${route} of ${version}: ${statusesOf(seen)}`);
        return 'pass';
      }),
    ]),
  };
}

const statusesOf = (seen: readonly Passed[]) => seen.map(({ status }) => status).join(', ') || 'nothing was seen';
