import type { Tone } from '../../ui/badge';
import type { SecretSetEntry } from './secret-queries';

export const typeWords: Readonly<Record<SecretSetEntry['type'], string>> = {
  secret: 'Secret set',
  imagePullSecret: 'Image pull secret',
};

/** Whether a set can be deployed with. */
export function readiness({ status, source }: Pick<SecretSetEntry, 'status' | 'source'>): {
  tone: Tone;
  words: string;
} {
  if (status === 'failed') return { tone: 'bad', words: 'Not ready' };
  if (status === 'pending') return { tone: 'busy', words: 'Pending' };
  return source === 'referenced' ? { tone: 'good', words: 'Ready, on its machines' } : { tone: 'good', words: 'Ready' };
}
