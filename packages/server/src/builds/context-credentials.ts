import { type CredentialFinding, isAlarming } from '@pipecat-cloud/contract/credential-scan';
import type { LeakWatch } from '../leaks/leak-watch.js';
import type { BuildLogLine } from './build-log-repository.js';

/** Warnings of one build, and values of it that are looked up. */
const limit = 50;

/**
 * Collects what a scan of a build context finds. The build's log begins with a warning for each, whether it lives or not: its author
 * sees file, line and masked value. Those that live raise an alert as well.
 */
export function createContextCredentials() {
  const found: { path: string; finding: CredentialFinding; value: string }[] = [];
  let more = 0;

  return {
    add(path: string, finding: CredentialFinding, value: string): void {
      if (!isAlarming(finding)) return;
      if (found.length < limit) found.push({ path, finding, value });
      else more++;
    },

    /** Before all lines of the build itself, whose positions are not negative. */
    warnings(): BuildLogLine[] {
      const texts = found.map(
        ({ path, finding: { line, column, masked } }) =>
          `WARNING: ${shown(path)}:${line}:${column} holds a credential of this platform, ${masked}. It becomes part of the image: revoke it, keep it in a secret set, and take it out of the build context`,
      );
      if (more > 0) texts.push(`WARNING: ${more} more credentials are in the build context`);
      return texts.map((text, index) => ({ position: index - texts.length, text }));
    },

    /** Hands them to the leak watch. The place is the file, so the same file of the next upload raises no second alert. */
    report(watch: Pick<LeakWatch, 'add'>, organizationId: string, buildId: string): void {
      for (const { path, value } of found) {
        watch.add(value, { organizationId, kind: 'build_context', name: shown(path), reference: buildId }, 1);
      }
    },
  };
}

/** Names in an archive are whatever somebody wrote there. */
function shown(path: string): string {
  const text = path.length > 300 ? `${path.slice(0, 300)}…` : path;
  return text.replace(/^(?:\.\/)+/, '').replace(/\p{Cc}/gu, '?');
}
