import type { Config } from '../config/config.js';
import { badRequest } from '../errors.js';

export type Region = Config['region'];

/** Throws 400 for a region that this installation does not offer. */
export function checkRegion(offered: Region, code: string): void {
  if (code === offered.code) return;
  throw badRequest(`Region '${code}' is not available here; the only one is '${offered.code}'`);
}
