import { type Static, Type } from 'typebox';
import { Email } from './accounts.js';
import { Timestamp } from './names.js';
import { roles } from './permissions.js';
import { Token } from './tokens.js';

export const RoleName = Type.Enum([...roles]);

export const Member = Type.Object({
  userId: Type.String(),
  email: Type.String(),
  role: RoleName,
  createdAt: Timestamp,
});
export type Member = Static<typeof Member>;
export const MemberList = Type.Object({ members: Type.Array(Member) });
export type MemberList = Static<typeof MemberList>;
export const MemberEnvelope = Type.Object({ member: Member });
export const UpdateMemberBody = Type.Object({ role: RoleName }, { additionalProperties: false });
export type UpdateMemberBody = Static<typeof UpdateMemberBody>;

/** What happens to one of the leaver's tokens: it goes to a service account, or it stops reaching this organization. */
const TokenFate = Type.Object(
  { id: Type.String(), serviceAccountId: Type.Optional(Type.String({ description: 'Absent: the token is ended' })) },
  { additionalProperties: false },
);
/** `DELETE …/members/:userId`. Each live token that reaches the organization must be named; 409 lists those that are not. */
export const RemoveMemberBody = Type.Object(
  { tokens: Type.Optional(Type.Array(TokenFate, { maxItems: 1000 })) },
  { additionalProperties: false },
);
export type RemoveMemberBody = Static<typeof RemoveMemberBody>;
export const RemovedMember = Type.Object({
  status: Type.Literal('OK'),
  adopted: Type.Array(Token),
  ended: Type.Array(Token),
});
export type RemovedMember = Static<typeof RemovedMember>;

export const Invitation = Type.Object({
  id: Type.String(),
  email: Type.String(),
  role: RoleName,
  createdAt: Timestamp,
  expiresAt: Timestamp,
  state: Type.Enum(['pending', 'accepted', 'expired', 'revoked']),
});
export type Invitation = Static<typeof Invitation>;
export const InvitationList = Type.Object({ invitations: Type.Array(Invitation) });
export type InvitationList = Static<typeof InvitationList>;
export const CreateInvitationBody = Type.Object({ email: Email, role: RoleName }, { additionalProperties: false });
export type CreateInvitationBody = Static<typeof CreateInvitationBody>;
/** The link carries the code in its fragment. It is mailed, and shown once here for where no mail server is set. */
export const CreatedInvitation = Type.Object({ invitation: Invitation, link: Type.String() });
export type CreatedInvitation = Static<typeof CreatedInvitation>;
export const AcceptInvitationBody = Type.Object(
  { code: Type.String({ maxLength: 200 }) },
  { additionalProperties: false },
);
export type AcceptInvitationBody = Static<typeof AcceptInvitationBody>;
export const AcceptedInvitation = Type.Object({ organization: Type.String(), role: RoleName });
export type AcceptedInvitation = Static<typeof AcceptedInvitation>;
