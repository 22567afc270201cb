import captureUrl from './capture-worklet.js?url';

export const microphoneRate = 16_000;
/** What is played is planned a little ahead, so that pieces that come unevenly join. */
const aheadSeconds = 0.06;

/** Why there is no microphone, in words that say what to do. */
export class NoMicrophone extends Error {
  override name = 'NoMicrophone';
}

export type Sound = Awaited<ReturnType<typeof openSound>>;

/** The loudspeaker and, where it is wanted, the microphone. Throws `NoMicrophone`. Call it after a click, or browsers stay silent. */
export async function openSound(withMicrophone: boolean, onPiece: (samples: Int16Array) => void) {
  const stream = withMicrophone ? await askForMicrophone() : undefined;
  const context = new AudioContext();
  let next = 0;
  let playing: AudioBufferSourceNode[] = [];
  if (stream) {
    await context.audioWorklet.addModule(captureUrl);
    const capture = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
    capture.port.onmessage = ({ data }: MessageEvent<Int16Array>) => onPiece(data);
    context.createMediaStreamSource(stream).connect(capture);
  }

  return {
    /** 16-bit samples, channels interleaved. */
    play(samples: Int16Array, sampleRate: number, channels: number): void {
      const length = Math.floor(samples.length / channels);
      if (length === 0) return;
      const buffer = context.createBuffer(channels, length, sampleRate);
      for (let channel = 0; channel < channels; channel++) {
        const values = buffer.getChannelData(channel);
        for (let at = 0; at < length; at++) values[at] = (samples[at * channels + channel] ?? 0) / 32_768;
      }
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      next = Math.max(next, context.currentTime + aheadSeconds);
      source.start(next);
      next += buffer.duration;
      playing.push(source);
      source.onended = () => {
        playing = playing.filter((each) => each !== source);
      };
    },
    /** Says no more of what was to be said: somebody has interrupted. */
    hush(): void {
      for (const source of playing) source.stop();
      playing = [];
      next = 0;
    },
    close(): void {
      for (const track of stream?.getTracks() ?? []) track.stop();
      if (context.state !== 'closed') void context.close();
    },
  };
}

async function askForMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new NoMicrophone('Browsers give a microphone to pages over https and on localhost only. Typing works here.');
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (cause) {
    throw new NoMicrophone(microphoneWords((cause as DOMException).name), { cause });
  }
}

function microphoneWords(name: string): string {
  if (name === 'NotAllowedError') {
    return 'The browser does not let this page use the microphone. Allow it beside the address of the page, or go on with typing alone.';
  }
  if (name === 'NotFoundError') return 'This device has no microphone. Connect one, or go on with typing alone.';
  return 'The microphone cannot be used; another program may have it. Close that, or go on with typing alone.';
}

/** How loud it is, from 0 to 1, on a scale as ears have it. */
export function loudness(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  let sum = 0;
  for (const sample of samples) sum += (sample / 32_768) ** 2;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-9);
  return Math.max(0, Math.min(1, (decibels + 60) / 60));
}
