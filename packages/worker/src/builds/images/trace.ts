import { fieldsOf } from './protobuf.js';

/** A step of a build, told again with every change. */
export interface Vertex {
  digest: string;
  /** As BuildKit shows it, such as `[2/4] RUN npm ci`. */
  name: string;
  cached: boolean;
  /** Seconds since 1970; absent while it has not begun or ended. */
  started?: number;
  completed?: number;
  error: string;
}

/** Output of a step, cut anywhere. */
export interface VertexLog {
  vertex: string;
  bytes: Buffer;
}

export interface Trace {
  vertices: Vertex[];
  logs: VertexLog[];
  /** Sentences about the Dockerfile. */
  warnings: string[];
}

/**
 * Reads `moby.buildkit.v1.StatusResponse`, the progress that an engine sends as `moby.buildkit.trace`: steps (field 1), output (3) and warnings
 * (4); the sizes of layers (2) are passed over. Field numbers are those of BuildKit's `control.proto`.
 */
export function readTrace(message: Buffer): Trace {
  const trace: Trace = { vertices: [], logs: [], warnings: [] };
  for (const { number, bytes } of fieldsOf(message)) {
    if (!bytes) continue;
    if (number === 1) trace.vertices.push(vertexOf(bytes));
    if (number === 3) trace.logs.push(logOf(bytes));
    if (number === 4) trace.warnings.push(warningOf(bytes));
  }
  return trace;
}

function vertexOf(message: Buffer): Vertex {
  const vertex: Vertex = { digest: '', name: '', cached: false, error: '' };
  for (const { number, bytes, varint } of fieldsOf(message)) {
    if (number === 1 && bytes) vertex.digest = bytes.toString();
    if (number === 3 && bytes) vertex.name = bytes.toString();
    if (number === 4 && varint !== undefined) vertex.cached = varint !== 0;
    if (number === 5 && bytes) vertex.started = secondsOf(bytes);
    if (number === 6 && bytes) vertex.completed = secondsOf(bytes);
    if (number === 7 && bytes) vertex.error = bytes.toString();
  }
  return vertex;
}

function logOf(message: Buffer): VertexLog {
  const log: VertexLog = { vertex: '', bytes: Buffer.alloc(0) };
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1 && bytes) log.vertex = bytes.toString();
    if (number === 4 && bytes) log.bytes = bytes;
  }
  return log;
}

function warningOf(message: Buffer): string {
  for (const { number, bytes } of fieldsOf(message)) if (number === 3 && bytes) return bytes.toString();
  return '';
}

/** `google.protobuf.Timestamp`. */
function secondsOf(message: Buffer): number {
  let seconds = 0;
  for (const { number, varint = 0 } of fieldsOf(message)) {
    if (number === 1) seconds += varint;
    if (number === 2) seconds += varint / 1e9;
  }
  return seconds;
}
