/** Timers that are cleared together. A time that has passed goes off at once. */
export function createAlarms(onAlarm: (work: Promise<void>) => void) {
  const timers: NodeJS.Timeout[] = [];
  return {
    after(ms: number, what: () => Promise<void>): void {
      timers.push(setTimeout(() => onAlarm(what()), Math.max(0, ms)));
    },
    clear(): void {
      for (const timer of timers.splice(0)) clearTimeout(timer);
    },
  };
}
