import type { Service } from '@pipecat-cloud/contract/agents';

export interface Trouble {
  /** What is wrong, in a few words. */
  title: string;
  /** As the server says it. */
  message: string;
  mend: string;
}

/** What to do about a deployment that failed, by its code. */
const mends: Readonly<Record<string, string>> = {
  PCC_IMAGE_NOT_FOUND: 'Check the name and the tag of the image, push it if it is missing, and deploy again.',
  PCC_IMAGE_PULL_UNAUTHORIZED:
    'Put the registry’s credentials into an image pull secret, and attach that under Secrets.',
  PCC_IMAGE_TOO_LARGE:
    'Make the image smaller, or have whoever runs the machines give them more room, and deploy again.',
  PCC_IMAGE_PULL_RATE_LIMIT:
    'Wait until the registry allows it again, or attach an image pull secret of an account with a higher limit.',
  PCC_INVALID_IMAGE_PLATFORM: 'Deploy what the machines of the region can run.',
  PCC_IMAGE_PULL_UNKNOWN_ERROR: 'See whether the registry can be reached from the machines, and deploy again.',
};
const otherwise = 'Its log says how far it came. Mend the agent and deploy again.';

/** Why the deployment that was asked for last does not run, and how to mend it; nothing where none has failed. */
export function troubleOf(agent: Pick<Service, 'errors' | 'currentRevision' | 'available'>): Trouble | undefined {
  const error = agent.errors[0];
  if (!error) return undefined;
  return {
    title: agent.currentRevision?.health.headline ?? 'The last deployment has failed',
    message: error.message,
    mend: `${mends[error.code] ?? otherwise}${agent.available ? ' Until then the deployment before it goes on serving; rolling back clears this.' : ''}`,
  };
}
