export type Relays = ReturnType<typeof createRelays>;

/** What is being relayed to each instance, so that it can be cut when the instance changes hands. */
export function createRelays() {
  const open = new Map<string, Set<() => void>>();

  return {
    /** Remembers how to cut one relay; call the result when it has ended. */
    track(instanceId: string, cut: () => void): () => void {
      const relays = open.get(instanceId) ?? new Set();
      open.set(instanceId, relays);
      relays.add(cut);
      return () => {
        relays.delete(cut);
        if (relays.size === 0 && open.get(instanceId) === relays) open.delete(instanceId);
      };
    },
    /** Cuts what is open now, at once or, if it has not ended by then, after a while. */
    cut(instanceId: string, afterMs: number): void {
      const relays = [...(open.get(instanceId) ?? [])];
      const cutAll = () => {
        for (const relay of relays) if (open.get(instanceId)?.has(relay)) relay();
      };
      if (afterMs <= 0) cutAll();
      else if (relays.length > 0) setTimeout(cutAll, afterMs).unref();
    },
    close(): void {
      for (const relays of [...open.values()]) for (const relay of [...relays]) relay();
    },
  };
}
