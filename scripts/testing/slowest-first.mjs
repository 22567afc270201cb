import { BaseSequencer } from 'vitest/node';

/**
 * A sequencer that begins with the files of these names, the ends of their paths without `.test.ts`, in this order; the others come as
 * Vitest has them, by their size. Where a long one comes late, it runs alone at the end.
 */
export function slowestFirst(slow) {
  const rank = ({ moduleId }) => {
    const place = slow.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
    return place === -1 ? slow.length : place;
  };
  return class extends BaseSequencer {
    async sort(files) {
      return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
    }
  };
}
