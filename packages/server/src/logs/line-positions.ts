/** Instances that are remembered: those that may still send something, and many more. */
const rememberedInstances = 20_000;

export type LinePositions = ReturnType<typeof createLinePositions>;

/** How far each instance has come with its lines. */
export function createLinePositions() {
  const last = new Map<string, number>();
  const of = (instanceId: string): number => last.get(instanceId) ?? -1;
  return {
    /** -1 for one that is not known. */
    of,
    remember(instanceId: string, position: number): void {
      const furthest = Math.max(position, of(instanceId));
      // Put at the end, so that the first is the one that was silent for longest.
      last.delete(instanceId);
      last.set(instanceId, furthest);
      if (last.size <= rememberedInstances) return;
      const [oldest] = last.keys();
      if (oldest !== undefined) last.delete(oldest);
    },
  };
}
