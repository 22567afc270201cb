/** What goes over the socket of a session, in the protobuf of Pipecat's serializer (its `frames.proto`). */
export type SocketFrame =
  | { kind: 'audio'; audio: Uint8Array; sampleRate: number; channels: number }
  /** JSON, of the real-time voice interface (RTVI). */
  | { kind: 'message'; data: string }
  | { kind: 'text'; text: string }
  | { kind: 'interruption' };

/** Numbers of the fields of `Frame`, which has one of them, and of those within. */
const fields = { text: 1, audio: 2, transcription: 3, message: 4, interruption: 5 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

const join = (...parts: (Uint8Array | number[])[]) => {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
const bytesField = (field: number, bytes: Uint8Array) => join(varint((field << 3) | 2), varint(bytes.length), bytes);
const numberField = (field: number, value: number) => join(varint(field << 3), varint(value));

/** 16-bit samples of one channel. */
export function encodeAudio(samples: Int16Array, sampleRate: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return bytesField(fields.audio, join(bytesField(3, bytes), numberField(4, sampleRate), numberField(5, 1)));
}

export function encodeMessage(message: object): Uint8Array<ArrayBuffer> {
  return bytesField(fields.message, bytesField(1, encoder.encode(JSON.stringify(message))));
}

/** Undefined for what is none: agents may speak another protocol on their socket. */
export function decodeFrame(bytes: Uint8Array): SocketFrame | undefined {
  const [field, value] = membersOf(bytes)?.entries().next().value ?? [];
  if (!(value instanceof Uint8Array)) return undefined;
  if (field === fields.interruption) return { kind: 'interruption' };
  const members = membersOf(value);
  if (!members) return undefined;
  if (field === fields.audio) {
    const [audio, sampleRate = 0, channels = 1] = [members.get(3), members.get(4), members.get(5)];
    if (!(audio instanceof Uint8Array) || typeof sampleRate !== 'number' || typeof channels !== 'number')
      return undefined;
    return sampleRate > 0 && channels > 0 ? { kind: 'audio', audio, sampleRate, channels } : undefined;
  }
  const text = members.get(field === fields.message ? 1 : 3);
  if (!(text instanceof Uint8Array)) return undefined;
  if (field === fields.message) return { kind: 'message', data: decoder.decode(text) };
  if (field === fields.text || field === fields.transcription) return { kind: 'text', text: decoder.decode(text) };
  return undefined;
}

/** Fields by their number, the last of each; undefined where it is no message of protobuf. */
function membersOf(bytes: Uint8Array): Map<number, Uint8Array | number> | undefined {
  const members = new Map<number, Uint8Array | number>();
  let at = 0;
  function number(): number {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  }
  while (at < bytes.length) {
    const tag = number();
    const kind = tag % 8;
    const value = kind === 0 || kind === 2 ? number() : Number.NaN;
    if (Number.isNaN(value) || (kind === 2 && at + value > bytes.length)) return undefined;
    members.set(Math.floor(tag / 8), kind === 0 ? value : bytes.subarray(at, at + value));
    if (kind === 2) at += value;
  }
  return members;
}
