/**
 * Closes one after the other, each whatever became of those before it: what stayed open would keep the process, and with it what only one
 * process may hold. Throws the first failure once all are through.
 */
export async function closeAll(closes: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closes) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
