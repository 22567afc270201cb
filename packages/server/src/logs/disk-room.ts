import { mkdir, statfs } from 'node:fs/promises';

export interface DiskSpace {
  bytes: number;
  freeBytes: number;
}

/** Size and free space of the file system that a folder lies on, as an ordinary user may fill it. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bsize, blocks, bavail } = await statfs(folder);
  return { bytes: bsize * blocks, freeBytes: bsize * bavail };
}

const rememberedMs = 1000;

/** Whether more than `reserveBytes` are free below a folder; asks the system once a second at most. Yes where it can't tell. */
export function createDiskRoom(folder: string, reserveBytes: number, space = diskSpace) {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<boolean> = Promise.resolve(true);
  return (): Promise<boolean> => {
    if (performance.now() - askedAt >= rememberedMs) {
      askedAt = performance.now();
      answer = space(folder).then(
        ({ freeBytes }) => freeBytes > reserveBytes,
        () => true,
      );
    }
    return answer;
  };
}
