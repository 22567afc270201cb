export type Tally = ReturnType<typeof createTally>;

/** Counts what was done, by name. */
export function createTally() {
  const counts = new Map<string, number>();
  return {
    add: (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    of: (part: string) => [...counts].reduce((sum, [name, count]) => (name.includes(part) ? sum + count : sum), 0),
    lines: () =>
      [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${String(count).padStart(6)}  ${name}`),
  };
}
