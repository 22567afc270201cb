import type { Readable } from 'node:stream';
import { jsonLines } from '../../engine/streams.js';
import type { Redactor } from '../../logs/redactor.js';
import { createOutputCutter, type OutputCutter } from '../output-cutter.js';
import type { ImageSight } from './image-rights.js';
import { readTrace, type Trace, type Vertex } from './trace.js';

/** One object of the answer to `POST /build`. */
interface BuildMessage {
  id?: string;
  /** Of the classic builder, and of BuildKit's last words. */
  stream?: string;
  status?: string;
  aux?: string | { ID?: string };
  error?: string;
  errorDetail?: { message?: string };
}

export interface BuildFailure {
  /** The engine's own words. */
  message: string;
  /** The step that failed, such as `[2/4] RUN npm ci`; absent where it failed before or beside one. */
  step: string | undefined;
  /** What that step said last. */
  lastLine: string | undefined;
}

export interface OutputReader {
  redactor: Pick<Redactor, 'endOf' | 'reach'>;
  onLine: (text: string) => void;
  /** Of each image that the build names, once variables are filled in. */
  onImage: (image: string, how: ImageSight) => void;
}

/** In `status`, where the classic builder asks registries. */
const resolvedByClassic = /^Status: .* for (\S+)$/;
/** Steps of BuildKit. Some versions know no such step for images in `COPY --from` and `RUN --mount`. */
const resolvedByBuildKit = /^\[internal\] load metadata for (\S+)/;
const usedByBuildKit = /^(?:\[[^\]]*\] )?FROM (\S+)/;

/** No Dockerfile has as many. */
const mostSteps = 10_000;

/**
 * Reads the answer of a build to its end, handing each line on as it comes: BuildKit's as `#3 text`, numbered by step as `docker build
 * --progress=plain` does. Gives the failure, or nothing where there is none. No line ends within a secret that the redactor knows.
 */
export async function readBuildOutput(
  body: Readable,
  { redactor, onLine, onImage }: OutputReader,
): Promise<BuildFailure | undefined> {
  const steps = createSteps({ createCutter: () => createOutputCutter(redactor), onLine, onImage });
  const classic = createOutputCutter(redactor);
  let failure: string | undefined;
  for await (const message of jsonLines<BuildMessage>(body)) {
    if (message.id === 'moby.buildkit.trace' && typeof message.aux === 'string') {
      steps.add(readTrace(Buffer.from(message.aux, 'base64')));
    }
    if (message.stream !== undefined && !message.stream.startsWith('Successfully tagged ')) {
      for (const text of classic.push(Buffer.from(message.stream))) steps.line(text);
    }
    const image = resolvedByClassic.exec(message.status ?? '')?.[1];
    if (image !== undefined) onImage(image, 'resolved');
    failure = message.errorDetail?.message ?? message.error ?? failure;
  }
  for (const text of classic.rest()) steps.line(text);
  steps.end();
  return failure === undefined ? undefined : { message: failure, step: steps.failed(), lastLine: steps.lastLine() };
}

type StepReader = Pick<OutputReader, 'onLine' | 'onImage'> & { createCutter: () => OutputCutter };

function createSteps({ createCutter, onLine, onImage }: StepReader) {
  const steps = new Map<
    string,
    { number: number; told: boolean; ended: boolean; cutter: OutputCutter; last: string }
  >();
  let failed: Vertex | undefined;
  let last: string | undefined;

  function stepOf(digest: string) {
    let step = steps.get(digest);
    if (!step) {
      if (steps.size >= mostSteps) throw new Error(`the build has more than ${mostSteps} steps`);
      step = { number: steps.size + 1, told: false, ended: false, cutter: createCutter(), last: '' };
      steps.set(digest, step);
    }
    return step;
  }
  type Step = ReturnType<typeof stepOf>;

  function write(step: Step, text: string): void {
    step.last = text.trim() || step.last;
    onLine(`#${step.number} ${text}`);
  }

  function flush(step: Step): void {
    for (const text of step.cutter.rest()) write(step, text);
  }

  function see(name: string): void {
    const resolved = resolvedByBuildKit.exec(name)?.[1];
    if (resolved !== undefined) onImage(resolved, 'resolved');
    const used = usedByBuildKit.exec(name)?.[1];
    if (used !== undefined) onImage(used, 'used');
  }

  function tell(vertex: Vertex): void {
    const step = stepOf(vertex.digest);
    if (step.ended || (vertex.started === undefined && vertex.error === '')) return;
    if (!step.told) onLine(`#${step.number} ${vertex.name}`);
    step.told = true;
    if (vertex.completed === undefined && vertex.error === '') return;
    step.ended = true;
    flush(step);
    // Steps beside the one that failed are called off: that is no reason of theirs.
    if (vertex.error !== '' && !/context canceled/.test(vertex.error)) {
      failed ??= vertex;
      if (step.last !== '') last ??= step.last;
    }
    onLine(`#${step.number} ${outcomeOf(vertex)}`);
  }

  return {
    add({ vertices, logs, warnings }: Trace): void {
      // A step's output comes before the word of its end, also within one message.
      for (const { name } of vertices) see(name);
      const ended = vertices.filter(({ completed, error }) => completed !== undefined || error !== '');
      for (const vertex of vertices) if (!ended.includes(vertex)) tell(vertex);
      for (const { vertex, bytes } of logs) {
        const step = stepOf(vertex);
        for (const text of step.cutter.push(bytes)) write(step, text);
      }
      for (const warning of warnings) onLine(`WARNING: ${warning}`);
      for (const vertex of ended) tell(vertex);
    },
    /** A line of no step. */
    line(text: string): void {
      if (text.trim() !== '') last = text.trim();
      onLine(text);
    },
    end(): void {
      for (const step of steps.values()) flush(step);
    },
    failed: () => failed?.name,
    lastLine: () => last,
  };
}

function outcomeOf({ cached, error, started, completed }: Vertex): string {
  if (error !== '') return `ERROR: ${error}`;
  if (cached) return 'CACHED';
  return `DONE ${Math.max(0, (completed ?? 0) - (started ?? 0)).toFixed(1)}s`;
}
