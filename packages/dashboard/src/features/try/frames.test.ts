import { expect, test } from 'vitest';
import { decodeFrame, encodeAudio, encodeMessage } from './frames';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

test('audio and messages are written as Pipecat reads them', () => {
  // As protobufjs writes them by frames.proto.
  expect(hex(encodeAudio(Int16Array.of(1, -2), 16_000))).toBe('120b1a040100feff20807d2801');
  expect(hex(encodeMessage({ a: 1 }))).toBe('22090a077b2261223a317d');
});

test('what is written is read, and so are frames with more in them', () => {
  const samples = Int16Array.from({ length: 320 }, (_, n) => n * 100 - 16_000);
  const audio = decodeFrame(encodeAudio(samples, 24_000));
  expect(audio).toMatchObject({ kind: 'audio', sampleRate: 24_000, channels: 1 });
  expect(audio?.kind === 'audio' && hex(audio.audio)).toBe(hex(new Uint8Array(samples.buffer)));
  expect(decodeFrame(encodeMessage({ type: 'größer' }))).toEqual({ kind: 'message', data: '{"type":"größer"}' });
  // id 7, name "n", text "hi" of a TextFrame; an InterruptionFrame.
  expect(decodeFrame(bytes('0a0908071201' + '6e1a026869'))).toEqual({ kind: 'text', text: 'hi' });
  expect(decodeFrame(bytes('2a020801'))).toEqual({ kind: 'interruption' });
});

test('anything else is no frame', () => {
  for (const other of ['', 'ff', '1205', '7b7d', '0000', '12021a09', '2a'])
    expect(decodeFrame(bytes(other))).toBeUndefined();
});
