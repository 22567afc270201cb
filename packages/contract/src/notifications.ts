/** What people are told by e-mail and webhook. */
export const notificationKinds = [
  'token.expiring',
  'token.reused',
  'token.revoked',
  'credential.leaked',
  'service_account.changed',
  'member.invited',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];
