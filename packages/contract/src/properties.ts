import { type Static, Type } from 'typebox';

/** `defaultRegion` always has a value: clients of the contract crash otherwise. */
export const Properties = Type.Object({ properties: Type.Object({ defaultRegion: Type.String() }) });
export type Properties = Static<typeof Properties>;

export const PropertySchema = Type.Object({
  properties: Type.Object({
    defaultRegion: Type.Object({
      type: Type.Literal('string'),
      description: Type.String(),
      default: Type.String(),
      currentValue: Type.String(),
      readOnly: Type.Boolean(),
      availableValues: Type.Array(Type.String()),
    }),
  }),
});
export type PropertySchema = Static<typeof PropertySchema>;

export const PatchPropertiesBody = Type.Object(
  { defaultRegion: Type.Optional(Type.String({ maxLength: 63 })) },
  { additionalProperties: false },
);
export type PatchPropertiesBody = Static<typeof PatchPropertiesBody>;
