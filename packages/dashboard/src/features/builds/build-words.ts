import type { Build, BuildStatus } from '@pipecat-cloud/contract/builds';
import type { Tone } from '../../ui/badge';

export const statusWords: Readonly<Record<BuildStatus, { tone: Tone; words: string }>> = {
  pending: { tone: 'busy', words: 'In the queue' },
  building: { tone: 'busy', words: 'Building' },
  success: { tone: 'good', words: 'Built' },
  failed: { tone: 'bad', words: 'Failed' },
  timeout: { tone: 'bad', words: 'Out of time' },
};
export const buildState = (status: string) =>
  statusWords[status as BuildStatus] ?? { tone: 'quiet' as const, words: status };

const units = ['bytes', 'KiB', 'MiB', 'GiB'] as const;

/** "812 bytes", "3.4 MiB". */
export function sizeWords(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size >= 10 || unit === 0 ? Math.round(size) : Math.round(size * 10) / 10} ${units[unit]}`;
}

/** Who asked for it; unknown where that is longer ago than the audit log reaches. */
export function askedBy({ createdBy }: Pick<Build, 'createdBy'>): string {
  return createdBy ? (createdBy.name ?? createdBy.id ?? createdBy.kind) : 'not known';
}
