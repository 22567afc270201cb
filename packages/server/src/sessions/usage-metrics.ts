import type { ResourceMetrics } from '@pipecat-cloud/contract/sessions';
import type { UsageSample } from '@pipecat-cloud/contract/worker';

/** Points of a series that is kept: half an hour at one sample in five seconds; longer sessions are averaged. */
const pointsKept = 360;

/** What a session's instance used (contract §12.2), from its samples in order of time; nothing before the first sample. */
export function metricsOf(sessionId: string, samples: readonly UsageSample[]): ResourceMetrics | undefined {
  const last = samples.at(-1);
  if (!last) return undefined;
  const cpu = samples.map(({ c }) => c).sort((a, b) => a - b);
  const memory = samples.map(({ m }) => m).sort((a, b) => a - b);
  const at = new Date(last.t * 1000).toISOString();
  return {
    id: sessionId,
    sessionId,
    sampleCount: samples.length,
    cpuMillicoresP50: percentile(cpu, 0.5),
    cpuMillicoresP90: percentile(cpu, 0.9),
    cpuMillicoresP95: percentile(cpu, 0.95),
    cpuMillicoresP99: percentile(cpu, 0.99),
    memoryBytesP50: percentile(memory, 0.5),
    memoryBytesP90: percentile(memory, 0.9),
    memoryBytesP95: percentile(memory, 0.95),
    memoryBytesP99: percentile(memory, 0.99),
    timeseries: thinned(samples),
    eventTs: at,
    createdAt: at,
  };
}

/** Nearest rank, on sorted values. */
function percentile(sorted: readonly number[], of: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(of * sorted.length) - 1)] ?? 0);
}

/** As many points as are kept at most, each the average of those it stands for; the first and the last keep their times. */
function thinned(samples: readonly UsageSample[]): UsageSample[] {
  if (samples.length <= pointsKept) return samples.map(({ t, c, m }) => ({ t, c: Math.round(c), m: Math.round(m) }));
  return Array.from({ length: pointsKept }, (_, point) => {
    const from = Math.floor((point * samples.length) / pointsKept);
    const part = samples.slice(from, Math.floor(((point + 1) * samples.length) / pointsKept));
    const average = (of: (sample: UsageSample) => number) =>
      Math.round(part.reduce((sum, sample) => sum + of(sample), 0) / part.length);
    const t = (point === pointsKept - 1 ? part.at(-1) : part[0])?.t ?? 0;
    return { t, c: average(({ c }) => c), m: average(({ m }) => m) };
  });
}
