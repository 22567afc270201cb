const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "1.5 GiB"; a dash where it is not known. */
export function size(bytes: number | null): string {
  if (bytes === null) return '–';
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** "3.2 GiB free of 20.0 GiB". */
export const room = (free: number | null, all: number | null): string =>
  free === null || all === null ? 'not known' : `${size(free)} free of ${size(all)}`;
