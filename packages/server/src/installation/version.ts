import { createRequire } from 'node:module';

/** Release of this control plane. */
export const version: string = (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
