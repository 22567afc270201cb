import protobuf from 'protobufjs';
import { sampleRate } from './speech.js';

/** How audio is put into the binary messages of a socket. */
export interface Framing {
  wrap(pcm: Buffer): Buffer;
  /** The audio of a message; empty for a message of another kind. */
  unwrap(message: Buffer): Buffer;
}

/** The bytes as they are. */
export const raw: Framing = { wrap: (pcm) => pcm, unwrap: (message) => message };

// Field by field as in pipecat's frames.proto.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  package pipecat;
  message TextFrame { uint64 id = 1; string name = 2; string text = 3; }
  message AudioRawFrame {
    uint64 id = 1; string name = 2; bytes audio = 3; uint32 sample_rate = 4; uint32 num_channels = 5;
    optional uint64 pts = 6;
  }
  message TranscriptionFrame { uint64 id = 1; string name = 2; string text = 3; string user_id = 4; string timestamp = 5; }
  message MessageFrame { string data = 1; }
  message InterruptionFrame { uint64 id = 1; string name = 2; }
  message Frame {
    oneof frame {
      TextFrame text = 1; AudioRawFrame audio = 2; TranscriptionFrame transcription = 3; MessageFrame message = 4;
      InterruptionFrame interruption = 5;
    }
  }`,
  { keepCase: true },
);
const frame = root.lookupType('pipecat.Frame');
let id = 0;

export interface AudioFrame {
  audio: Uint8Array;
  sample_rate: number;
  num_channels: number;
}

/** The audio frame in a message of Pipecat's protobuf serializer; undefined for a message of another kind. */
export function audioOf(message: Buffer): AudioFrame | undefined {
  return (frame.decode(message) as unknown as { audio?: AudioFrame }).audio;
}

/** Messages of Pipecat's protobuf serializer. */
export const pipecat: Framing = {
  wrap(pcm) {
    id++;
    const audio = { id, name: `test#${id}`, audio: pcm, sample_rate: sampleRate, num_channels: 1 };
    return Buffer.from(frame.encode({ audio }).finish());
  },
  unwrap(message) {
    const audio = audioOf(message);
    if (!audio) return Buffer.alloc(0);
    if (audio.sample_rate !== sampleRate || audio.num_channels !== 1) {
      throw new Error(`audio of ${audio.sample_rate} Hz and ${audio.num_channels} channels`);
    }
    return Buffer.from(audio.audio);
  },
};
