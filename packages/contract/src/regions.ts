import { type Static, Type } from 'typebox';
import { Timestamp } from './names.js';

export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];
export const Architecture = Type.Enum([...architectures], { description: 'CPU architecture that an agent needs' });

/** `GET …/regions`: snake case (contract §6.7 and §13.2). Without architectures nothing is known of them yet. */
export const RegionList = Type.Object({
  regions: Type.Array(
    Type.Object({
      code: Type.String(),
      display_name: Type.String(),
      supported_architectures: Type.Optional(Type.Array(Type.String())),
      default_architecture: Type.Optional(Type.String()),
      registered: Type.Optional(
        Type.Boolean({ description: 'True for a region that the organization registered, on machines of its own' }),
      ),
    }),
  ),
});
export type RegionList = Static<typeof RegionList>;

export const RegionKey = Type.String({
  pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
  description: 'Lower-case letters, digits and dashes, at most 63, such as pce-acme-us-east',
});

/** An organization's own region: machines that run its agents and nobody else's. Snake case, as the clients read it. */
export const Region = Type.Object({
  region_key: Type.String(),
  display_name: Type.Union([Type.String(), Type.Null()]),
  enrollment_status: Type.Enum(['pending', 'enrolled'], { description: '`pending` until a worker has enrolled' }),
  intermediate_expires_at: Type.Null({ description: 'Always null: workers have credentials, not certificates' }),
  ws_public_endpoint: Type.Union([Type.String(), Type.Null()]),
  supported_architectures: Type.Union([Type.Array(Type.String()), Type.Null()]),
  default_architecture: Type.Union([Type.String(), Type.Null()]),
  workloads_namespace: Type.Union([Type.String(), Type.Null()]),
  workers: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      architecture: Type.Union([Type.String(), Type.Null()]),
      enrolled_at: Timestamp,
      connected: Type.Boolean(),
    }),
  ),
});
export type Region = Static<typeof Region>;

/** Registers a region, or changes it: absent members keep their value. */
export const RegisterRegionBody = Type.Object({
  regionKey: RegionKey,
  workloadsNamespace: Type.Optional(Type.String({ pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' })),
  supportedArchitectures: Type.Optional(Type.Array(Architecture, { minItems: 1, maxItems: 2 })),
  defaultArchitecture: Type.Optional(Architecture),
  wsPublicEndpoint: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  displayName: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});
export type RegisterRegionBody = Static<typeof RegisterRegionBody>;

/** Shown this once; works once, for an hour. */
export const EnrollmentToken = Type.Object({
  token: Type.String(),
  region_key: Type.String(),
  expires_at: Timestamp,
});
export type EnrollmentToken = Static<typeof EnrollmentToken>;
