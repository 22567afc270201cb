/** Fewer than either database takes as parameters of one statement, and few enough for a plan that looks each one up. */
const partSize = 500;

/** One query for many ids, in parts. */
export async function inParts<T>(
  ids: readonly string[],
  read: (part: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < ids.length; start += partSize) {
    found.push(...(await read(ids.slice(start, start + partSize))));
  }
  return found;
}
