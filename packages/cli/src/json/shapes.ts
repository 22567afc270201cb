import { AgentProfile } from '@pipecat-cloud/contract/agent-profiles';
import { Service, ServiceSummary } from '@pipecat-cloud/contract/agents';
import { PrivateKey, PublicKey } from '@pipecat-cloud/contract/api-keys';
import { AuditRecord } from '@pipecat-cloud/contract/audit';
import { Build } from '@pipecat-cloud/contract/builds';
import { Deployment } from '@pipecat-cloud/contract/deployments';
import { LogEntry } from '@pipecat-cloud/contract/logs';
import { Invitation, Member } from '@pipecat-cloud/contract/members';
import { Policy } from '@pipecat-cloud/contract/policies';
import { Region } from '@pipecat-cloud/contract/regions';
import { SecretSetSummary } from '@pipecat-cloud/contract/secrets';
import { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import { ResourceMetrics, Session } from '@pipecat-cloud/contract/sessions';
import { SpendLimit } from '@pipecat-cloud/contract/spend-limit';
import { Token } from '@pipecat-cloud/contract/tokens';
import { Webhook, WebhookDelivery } from '@pipecat-cloud/contract/webhooks';
import { type TSchema, Type } from 'typebox';

const text = Type.String();

/** Where a setting came from. */
export const Setting = Type.Object({
  value: text,
  source: Type.Enum(['flag', 'environment', 'file', 'default', 'server']),
  from: text,
});
export const Check = Type.Object({
  name: text,
  state: Type.Enum(['ok', 'warning', 'failed']),
  text,
  reason: Type.Optional(text),
  hint: Type.Optional(text),
});
export const AccessCheck = Type.Object({
  name: text,
  ok: Type.Boolean(),
  text,
  reason: Type.Optional(text),
  hint: Type.Optional(text),
});
export const Finding = Type.Object({
  file: text,
  line: Type.Integer(),
  column: Type.Integer(),
  kind: text,
  checksum: text,
  masked: text,
});
export const Installation = Type.Object({
  githubAccountLogin: Type.Optional(text),
  githubAccountType: Type.Optional(text),
  githubInstallationId: Type.Optional(Type.Union([text, Type.Number()])),
  suspendedAt: Type.Optional(Type.Union([text, Type.Null()])),
});
export const Spread = Type.Object({ average: Type.Number(), p5: Type.Number(), p95: Type.Number() });

/** What stands under its name in the page, in the order of that. */
export const shapes: Readonly<Record<string, TSchema>> = {
  AccessCheck,
  AgentProfile,
  AuditRecord,
  Build,
  Check,
  Deployment,
  Finding,
  Installation,
  Invitation,
  LogEntry,
  Member,
  Policy,
  PrivateKey,
  PublicKey,
  Region,
  ResourceMetrics,
  SecretSetSummary,
  Service,
  ServiceAccount,
  ServiceSummary,
  Session,
  Setting,
  SpendLimit,
  Spread,
  Token,
  Webhook,
  WebhookDelivery,
};
