/**
 * Options of an `LRUCache` that keeps at most so many entries. By size and not by `max`, which sets aside megabytes for what may never
 * come, and writes over all of them whenever the cache is cleared.
 */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
