import { commands } from './catalogue.js';
import type { CompatibilityTable } from './compatibility-page.js';
import type { Passed } from './recording-proxy.js';
import type { Results } from './results.js';
import { routes } from './routes.js';
import { type Credential, type Version, versions } from './track.js';

export const columns: readonly Credential[] = ['personal', 'serviceAccount', 'login', 'narrow'];
const headings: Record<Credential, string> = {
  personal: 'personal access token',
  serviceAccount: 'service-account token',
  login: 'its own sign-in',
  narrow: 'narrow token',
};

/** Every command of a version with each credential. */
export function commandTable(results: Results, version: Version): CompatibilityTable {
  const cell = ({ name, without = {}, narrow }: (typeof commands)[number], credential: Credential) => {
    const reason = without[credential] ?? (credential === 'narrow' && typeof narrow === 'string' ? narrow : undefined);
    return reason === undefined ? results.cell(version, name, credential) : `does not apply: ${reason}`;
  };
  return {
    columns: ['command', ...columns.map((each) => headings[each])],
    rows: commands
      .filter((command) => command.version === undefined || command.version === version)
      .map((command) => [`\`${command.name}\``, ...columns.map((each) => cell(command, each))]),
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
          if (seen.length === 0 || seen.some(({ status }) => status !== answers.status)) {
            throw new Error(`${route} was to answer ${answers.status} to ${version}: ${statusesOf(seen)}`);
          }
          return `pass: answers ${answers.status}, ${answers.because}`;
        }
        if (!seen.some(({ status }) => status < 400)) throw new Error(`${route} of ${version}: ${statusesOf(seen)}`);
        return 'pass';
      }),
    ]),
  };
}

const statusesOf = (seen: readonly Passed[]) => seen.map(({ status }) => status).join(', ') || 'nothing was seen';
