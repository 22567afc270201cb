import { type Static, Type } from 'typebox';

/** How the organization uses Daily. Neither key nor secret is ever part of it. */
export const DailySettings = Type.Object({
  source: Type.Enum(['organization', 'installation', 'none'], {
    description: 'Whose API key makes rooms: its own, the one that the installation has for all, or nobody’s',
  }),
  keyHint: Type.Union([Type.String(), Type.Null()], { description: 'The last characters of its own key' }),
  dialin: Type.Enum(['signed', 'unsigned', 'off'], {
    description: 'Which calls of the dial-in webhook are taken: those that are signed with the secret, all, or none',
  }),
});
export type DailySettings = Static<typeof DailySettings>;

/** What is absent stays; null takes away. */
export const PutDailySettingsBody = Type.Object(
  {
    apiKey: Type.Optional(Type.Union([Type.String({ pattern: '^\\S{8,256}$' }), Type.Null()])),
    dialinSecret: Type.Optional(
      Type.Union([
        Type.String({
          pattern: '^[A-Za-z0-9+/_-]{16,256}={0,2}$',
          description: 'The `hmac` of the phone number’s configuration at Daily, base64',
        }),
        Type.Null(),
      ]),
    ),
    allowUnsignedDialin: Type.Optional(
      Type.Boolean({ description: 'Also calls without a signature start sessions: anyone who knows the address can' }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type PutDailySettingsBody = Static<typeof PutDailySettingsBody>;

/** What Daily posts for an incoming call (contract §8.7). */
export const DialinAnswer = Type.Object({
  dailyRoom: Type.Optional(Type.String()),
  dailyToken: Type.Optional(Type.String()),
  sessionId: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
});
export type DialinAnswer = Static<typeof DialinAnswer>;
