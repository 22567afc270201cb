// Runs in the browser's audio thread, so it stands alone and is no module of the page.
const wantedRate = 16_000;
const pieceLength = wantedRate / 50;

/** Hands on what the microphone hears in pieces of 20 ms: 16-bit samples, 16,000 a second, one channel. */
class Capture extends AudioWorkletProcessor {
  #piece = new Int16Array(pieceLength);
  #length = 0;
  #sum = 0;
  #count = 0;
  #phase = 0;

  process([input]) {
    for (const sample of input?.[0] ?? []) {
      this.#sum += sample;
      this.#count++;
      this.#phase += wantedRate / sampleRate;
      // The average of the samples that each new one stands for; the same twice where there are fewer than are wanted.
      for (; this.#phase >= 1; this.#phase--) this.#put(this.#sum / this.#count);
      if (this.#phase < wantedRate / sampleRate) {
        this.#sum = 0;
        this.#count = 0;
      }
    }
    return true;
  }

  #put(value) {
    this.#piece[this.#length++] = Math.max(-1, Math.min(1, value)) * 32_767;
    if (this.#length < pieceLength) return;
    this.port.postMessage(this.#piece, [this.#piece.buffer]);
    this.#piece = new Int16Array(pieceLength);
    this.#length = 0;
  }
}

registerProcessor('capture', Capture);
