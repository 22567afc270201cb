import type { Deployment, DeploymentRecord, DeploymentState } from '@pipecat-cloud/contract/deployments';
import type { Tone } from '../../ui/badge';

export const shortId = (id: string) => id.slice(0, 8);

const states: Readonly<Record<DeploymentState, { tone: Tone; words: string; about: string }>> = {
  live: { tone: 'good', words: 'Live', about: 'takes the new sessions' },
  canary: { tone: 'warn', words: 'Canary', about: 'takes a share of the new sessions until it is promoted' },
  held: { tone: 'warn', words: 'Held', about: 'is ready, and takes no session until it is promoted' },
  starting: { tone: 'busy', words: 'Starting', about: 'is being made ready' },
  failed: { tone: 'bad', words: 'Failed', about: 'takes no sessions' },
  retired: { tone: 'quiet', words: 'Retired', about: 'was live once' },
  withdrawn: { tone: 'quiet', words: 'Withdrawn', about: 'was replaced before it was live' },
};
/** A state in words; one that is new here is shown as it is. */
export const deploymentState = (state: string) =>
  states[state as DeploymentState] ?? { tone: 'quiet' as const, words: state, about: '' };

/** How it was asked to take over, where that says more than its state. */
export const rolloutWords: Readonly<Record<DeploymentRecord['rollout'], string>> = {
  automatic: 'as soon as it is ready',
  strict: 'at once: starts wait until it is ready',
  canary: 'with a share of the new sessions first',
  held: 'when it is promoted',
};

/** What it was made from: an image by name, or a build. */
export function sourceOf({ manifest, buildId }: Pick<Deployment, 'manifest' | 'buildId'>): string {
  return manifest.spec.image ?? (buildId ? `build ${shortId(buildId)}` : 'unknown');
}

export function madeBy({ deployedBy: { kind, id, name } }: Pick<DeploymentRecord, 'deployedBy'>): string {
  return name ?? id ?? (kind === 'unknown' ? 'not known' : kind);
}

const settings: Readonly<Record<string, string>> = {
  image: 'Image',
  buildId: 'Build',
  imageDigest: 'Image digest',
  secretSet: 'Secret set',
  imagePullSecretSet: 'Image pull secret',
  profile: 'Profile',
  cpu: 'CPU',
  memory: 'Memory',
  architecture: 'Architecture',
  maxSessionSeconds: 'Longest session (seconds)',
  krispAudioFilter: 'Krisp filter',
};
export const settingWords = (setting: string) => settings[setting] ?? setting;

/** What differs between two deployments of one history (newest first), from the older to the newer, whichever is named first. */
export function differences(
  history: readonly Pick<DeploymentRecord, 'id' | 'changes'>[],
  one: string,
  other: string,
): DeploymentRecord['changes'] {
  const places = [one, other]
    .map((id) => history.findIndex((deployment) => deployment.id === id))
    .sort((a, b) => a - b);
  const [newer = -1, older = -1] = places;
  if (newer < 0) return [];
  const changed = new Map<string, DeploymentRecord['changes'][number]>();
  // Each says what it changed against the one before it; together they lead from the older to the newer.
  for (const { changes } of history.slice(newer, older).toReversed()) {
    for (const { setting, from, to } of changes) {
      changed.set(setting, { setting, from: changed.get(setting)?.from ?? (changed.has(setting) ? null : from), to });
    }
  }
  return [...changed.values()].filter(({ from, to }) => from !== to);
}
