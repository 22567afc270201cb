/** What may be asked for. */
export const driverKinds = ['docker', 'process'] as const;
export type DriverKind = (typeof driverKinds)[number];
