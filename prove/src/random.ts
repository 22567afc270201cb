import { createHash } from 'node:crypto';

export type Random = ReturnType<typeof createRandom>;

/** Chance that is the same for the same seed. What is drawn from one stream changes nothing in another. */
export function createRandom(seed: string) {
  // sfc32, seeded with 96 bits of a hash: small, and good enough to choose by.
  const digest = createHash('sha256').update(seed).digest();
  let [a, b, c, counter] = [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), 1];

  function next(): number {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return (result >>> 0) / 2 ** 32;
  }
  for (let round = 0; round < 12; round++) next();

  const between = (least: number, most: number) => least + next() * (most - least);
  return {
    /** A stream of its own, by name. */
    stream: (name: string) => createRandom(`${seed}/${name}`),
    between,
    whole: (least: number, most: number) => Math.floor(between(least, most + 1)),
    chance: (share: number) => next() < share,
    one: <T>(choices: readonly [T, ...T[]] | readonly T[]): T => choices[Math.floor(next() * choices.length)] as T,
    /** By weight; of nothing, nothing. */
    weighted<T extends { weight: number }>(choices: readonly T[]): T {
      let left = next() * choices.reduce((sum, { weight }) => sum + weight, 0);
      for (const choice of choices) {
        left -= choice.weight;
        if (left < 0) return choice;
      }
      return choices.at(-1) as T;
    },
    shuffled<T>(items: readonly T[]): T[] {
      return items
        .map((item) => ({ item, place: next() }))
        .sort((x, y) => x.place - y.place)
        .map(({ item }) => item);
    },
  };
}
