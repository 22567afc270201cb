import { spawnSync } from 'node:child_process';
import { resources } from './environment.js';

export const sampleRate = 16_000;
/** 20 ms of 16-bit mono: what goes over the sockets at a time. */
export const frameBytes = (sampleRate / 50) * 2;

const loud = 500;

/** A sentence as espeak-ng says it: 16-bit little-endian mono at 16 kHz, a whole number of frames. */
export function speak(sentence: string): Buffer {
  const { stdout, status, stderr } = spawnSync(resources.espeak ?? 'espeak-ng', ['--stdout', sentence], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`espeak-ng ended with ${status}: ${stderr}`);
  const { samples, rate } = readWave(stdout);
  return wholeFrames(resample(samples, rate));
}

/** A tone that swells and falls like speech: for tests that run where no voice is installed. */
export function hum(seconds: number): Buffer {
  const pcm = Buffer.alloc(Math.ceil(seconds * 50) * frameBytes);
  for (let at = 0; at < pcm.length / 2; at++) {
    const swell = Math.abs(Math.sin((2 * Math.PI * at) / sampleRate));
    pcm.writeInt16LE(Math.round(8000 * swell * Math.sin((2 * Math.PI * 220 * at) / sampleRate)), at * 2);
  }
  return pcm;
}

/** Seconds of a recording in which somebody is heard: its frames of 20 ms whose root mean square is above a floor. */
export function heardSeconds(pcm: Buffer): number {
  let frames = 0;
  for (let start = 0; start + frameBytes <= pcm.length; start += frameBytes) {
    let sum = 0;
    for (let at = start; at < start + frameBytes; at += 2) sum += pcm.readInt16LE(at) ** 2;
    if (Math.sqrt(sum / (frameBytes / 2)) > loud) frames++;
  }
  return frames / 50;
}

/** The `fmt ` and `data` chunks of a RIFF file. A length that is unknown when writing to a pipe means "to the end". */
function readWave(wave: Buffer): { samples: Int16Array; rate: number } {
  let rate = 0;
  for (let at = 12; at + 8 <= wave.length; ) {
    const [name, size] = [wave.toString('latin1', at, at + 4), wave.readUInt32LE(at + 4)];
    if (name === 'fmt ') {
      rate = wave.readUInt32LE(at + 12);
      if (wave.readUInt16LE(at + 10) !== 1 || wave.readUInt16LE(at + 22) !== 16) throw new Error('not 16-bit mono');
    }
    if (name === 'data') {
      const end = Math.min(wave.length, at + 8 + size);
      const samples = new Int16Array((end - at - 8) >> 1);
      for (let index = 0; index < samples.length; index++) samples[index] = wave.readInt16LE(at + 8 + index * 2);
      return { samples, rate };
    }
    at += 8 + size + (size % 2);
  }
  throw new Error('a wave file without data');
}

/** Linear: enough to tell speech from silence. */
function resample(samples: Int16Array, rate: number): Buffer {
  const length = Math.floor((samples.length * sampleRate) / rate);
  const pcm = Buffer.alloc(length * 2);
  for (let index = 0; index < length; index++) {
    const place = (index * rate) / sampleRate;
    const before = Math.floor(place);
    const [a, b] = [samples[before] ?? 0, samples[before + 1] ?? samples[before] ?? 0];
    pcm.writeInt16LE(Math.round(a + (b - a) * (place - before)), index * 2);
  }
  return pcm;
}

function wholeFrames(pcm: Buffer): Buffer {
  return Buffer.concat([pcm, Buffer.alloc((frameBytes - (pcm.length % frameBytes)) % frameBytes)]);
}
