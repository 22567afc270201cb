import { type Static, Type } from 'typebox';

/** Kubernetes quantities (contract §13.3). Files of official clients may hold bare numbers, which are sent as such. */
export const Resources = Type.Object({
  cpu: Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Number({ minimum: 0 })], {
    description: 'Cores, as a Kubernetes quantity: 500m, 2',
  }),
  memory: Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Number({ minimum: 0 })], {
    description: 'Memory, as a Kubernetes quantity: 512Mi, 4Gi',
  }),
});
export type Resources = Static<typeof Resources>;

export const ProfileName = Type.String({
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
  description: 'Lower-case letters, digits and dashes, at most 63',
});

const shown = Type.Object({ cpu: Type.String(), memory: Type.String() });
/** Released clients read the snake-case members of a list, the contract names the others: both are always there, and say the same. */
export const AgentProfile = Type.Object({
  apiName: Type.String(),
  displayName: Type.String(),
  api_name: Type.String(),
  display_name: Type.String(),
  resources: shown,
  custom: Type.Boolean({
    description: 'Made by the organization; the others come with the platform and stay as they are',
  }),
  enabled: Type.Boolean({ description: 'May be chosen by a deploy' }),
});
export type AgentProfile = Static<typeof AgentProfile>;
export const AgentProfileList = Type.Object({ agentProfiles: Type.Array(AgentProfile) });
export type AgentProfileList = Static<typeof AgentProfileList>;

const displayName = Type.String({ minLength: 1, maxLength: 100 });
export const CreateAgentProfileBody = Type.Object({
  apiName: ProfileName,
  displayName: Type.Optional(displayName),
  resources: Resources,
});
export type CreateAgentProfileBody = Static<typeof CreateAgentProfileBody>;

/** Absent members stay as they are. */
export const PatchAgentProfileBody = Type.Object({
  displayName: Type.Optional(displayName),
  resources: Type.Optional(Resources),
  enabled: Type.Optional(Type.Boolean()),
});
export type PatchAgentProfileBody = Static<typeof PatchAgentProfileBody>;
