import { isStatus } from '../../engine/engine-error.js';

export interface OptionalDeps {
  /** What an engine that has it not says when a container is made with it. */
  refusal: RegExp;
  /** Called once, with the engine's words. */
  onRefused: (words: string) => void;
}

/** Something that only some engines have, and that they tell by no other means than refusing a container that asks for it. */
export function createOptional({ refusal, onRefused }: OptionalDeps) {
  let has: boolean | undefined;
  return {
    /** Undefined as long as nobody has asked. */
    has: (): boolean | undefined => has,
    /** Creates with it, as long as the engine is not known to be without. */
    async use<T>(create: (used: boolean) => Promise<T>): Promise<T> {
      if (has === false) return create(false);
      try {
        const made = await create(true);
        has = true;
        return made;
      } catch (error) {
        const { message } = error as Error;
        if (!isStatus(error, 400, 500) || !refusal.test(message)) throw error;
        has = false;
        onRefused(message);
        return create(false);
      }
    },
  };
}
