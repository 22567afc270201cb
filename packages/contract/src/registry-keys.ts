import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

const RegistryKey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  key_prefix: Type.String(),
  created_at: Timestamp,
  last_used_at: Type.Union([Timestamp, Type.Null()]),
  status: Type.String(),
  revoked: Type.Boolean(),
  region: Type.Union([Type.String(), Type.Null()]),
});
/** Always empty: this platform has no registry of its own. */
export const RegistryKeyList = Type.Object({ registry_keys: Type.Array(RegistryKey) });
export type RegistryKeyList = Static<typeof RegistryKeyList>;
