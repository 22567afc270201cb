import { AgentProfile, AgentProfileList } from '@pipecat-cloud/contract/agent-profiles';
import { Service, ServiceSummary } from '@pipecat-cloud/contract/agents';
import { ApiKeyList, CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import { AuditRecord, AuditVerification } from '@pipecat-cloud/contract/audit';
import { Build, BuildList, BuildLogs } from '@pipecat-cloud/contract/builds';
import { DailySettings } from '@pipecat-cloud/contract/daily';
import { Deployment, DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import { LogEntry, LogRetentionState } from '@pipecat-cloud/contract/logs';
import { CreatedInvitation, Invitation, InvitationList, Member, MemberList } from '@pipecat-cloud/contract/members';
import { OrganizationEnvelope } from '@pipecat-cloud/contract/organizations';
import { PolicyDryRun, PolicyEnvelope } from '@pipecat-cloud/contract/policies';
import { Capacity } from '@pipecat-cloud/contract/pool';
import { Region, RegionList } from '@pipecat-cloud/contract/regions';
import { ReferencedSecretSet, SecretSet, SecretSetSummary } from '@pipecat-cloud/contract/secrets';
import { ServiceAccount, ServiceAccountEnvelope, ServiceAccountList } from '@pipecat-cloud/contract/service-accounts';
import { Session, SessionDetail, SessionTrace, StartedSession, StoppedSession } from '@pipecat-cloud/contract/sessions';
import { SpendLimit } from '@pipecat-cloud/contract/spend-limit';
import { CreatedToken, RotatedToken, Token, TokenEnvelope, TokenList } from '@pipecat-cloud/contract/tokens';
import { Usage } from '@pipecat-cloud/contract/usage';
import { CreatedWebhook, WebhookDeliveryList, WebhookList, WebhookTest } from '@pipecat-cloud/contract/webhooks';
import { type TProperties, type TSchema, Type } from 'typebox';
import { AccessCheck, Check, Finding, Installation, Setting, Spread } from './shapes.js';

const text = Type.String();
const whole = Type.Integer();
const yes = Type.Boolean();
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const anything = Type.Record(text, Type.Unknown());
const object = (members: TProperties) => Type.Object(members);
const done = (members: TProperties) => object({ status: Type.Literal('OK'), ...members });
const optional = Type.Optional;

const from = { source: text, from: text };
const spendLimit = object({ organization: text, ...SpendLimit.properties });
const dailySettings = object({ organization: text, ...DailySettings.properties });
const reported = Type.Array(object({ masked: text, status: text, id: optional(text) }));
const gitDeploy = object({ status: optional(text), commitSha: optional(text), reason: optional(text) });
const deployIntent = object({ id: text, commitSha: optional(text), ref: optional(text), status: optional(text) });
const connection = object({ installation: Installation, connected: yes });
const named = object({ id: text, name: text });

/** What `--json` prints of each command that went well. Members may be added; none is taken away or changes its meaning. */
export const jsonResults: Readonly<Record<string, TSchema>> = {
  'auth login': object({
    user: object({ id: text, email: nullable(text) }),
    organization: text,
    apiHost: text,
    configFile: text,
  }),
  'auth use-pat': object({ token: text, organization: text, apiHost: text, configFile: text }),
  'auth whoami': object({
    user: object({
      userId: text,
      emails: Type.Array(object({ emailAddress: text })),
      id: text,
      email: nullable(text),
    }),
    organization: object({ name: text, verboseName: text, ...from }),
    token: object({ masked: text, kind: text, expiresAt: optional(nullable(text)), ...from }),
    apiHost: Setting,
    configFile: text,
  }),
  'auth status': Type.Union([
    object({
      user: object({ id: text, email: nullable(text) }),
      organization: nullable(object({ name: text, role: nullable(text), ...from })),
      wantedOrganization: nullable(object({ value: text, reached: yes, ...from })),
      credential: object({ kind: text, masked: text, ...from }),
      token: nullable(Token),
      apiHost: Setting,
      configFile: text,
    }),
    Type.Object({ ok: yes, checks: Type.Array(AccessCheck) }, { description: 'with --check' }),
  ]),
  'auth logout': object({ removed: yes, ended: yes, configFile: text, tokenInEnvironment: yes }),

  'token create': CreatedToken,
  'token list': TokenList,
  'token show': TokenEnvelope,
  'token rotate': object({ ...RotatedToken.properties, value: optional(text), storedIn: optional(text) }),
  'token derive': CreatedToken,
  'token revoke': done({ token: Type.Union([named, Token]) }),
  'token adopt': object({ token: Token, from: anything }),
  'token approve': done({ token: named, state: text }),
  'token deny': done({ token: named, state: text }),
  'token panic': object({ since: text, revoked: Type.Array(Token) }),
  'token scan': object({
    found: Type.Array(Finding),
    credentials: whole,
    scanned: object({ files: whole, bytes: whole, skipped: whole, unreadable: whole, cut: whole }),
    reported: optional(reported),
  }),
  'token report': object({ reported }),

  'service-accounts list': ServiceAccountList,
  'service-accounts create': ServiceAccountEnvelope,
  'service-accounts show': object({ serviceAccount: ServiceAccount, tokens: Type.Array(Token) }),
  'service-accounts update': ServiceAccountEnvelope,
  'service-accounts disable': ServiceAccountEnvelope,
  'service-accounts enable': ServiceAccountEnvelope,
  'service-accounts delete': done({ name: text, id: text }),

  'organizations list': object({
    organizations: Type.Array(object({ name: text, verboseName: text, role: optional(text), active: yes })),
  }),
  'organizations select': object({ organization: text, configFile: text }),
  'organizations create': OrganizationEnvelope,
  'organizations rename': OrganizationEnvelope,
  'organizations delete': done({ name: text }),
  'organizations default': object({ defaultOrganization: text }),
  'organizations members list': MemberList,
  'organizations members role': object({ member: Member }),
  'organizations members remove': done({
    member: Member,
    adopted: optional(Type.Unknown()),
    revoked: optional(Type.Unknown()),
  }),
  'organizations members leave': done({ organization: text }),
  'organizations invitations list': InvitationList,
  'organizations invitations create': CreatedInvitation,
  'organizations invitations revoke': done({ invitation: Invitation }),
  'organizations keys list': ApiKeyList,
  'organizations keys create': CreatedApiKey,
  'organizations keys rotate': CreatedApiKey,
  'organizations keys revoke': done({ id: text, name: text }),
  'organizations keys use': object({ organization: text, id: text, name: text, key: text }),
  'organizations default-region': object({ defaultRegion: text, availableRegions: optional(Type.Array(text)) }),
  'organizations properties list': anything,
  'organizations properties schema': Type.Record(
    text,
    object({
      type: text,
      description: text,
      default: Type.Unknown(),
      currentValue: Type.Unknown(),
      readOnly: yes,
      availableValues: optional(Type.Array(text)),
    }),
  ),
  'organizations properties set': anything,
  'organizations registry-keys list': object({
    keys: Type.Array(
      object({
        ...{ id: text, name: text, key_prefix: text, created_at: text, last_used_at: nullable(text), status: text },
        ...{ revoked: yes, region: nullable(text) },
      }),
    ),
    hidden: whole,
  }),
  'organizations registry-keys mint': object({
    ...{ id: text, name: text, key: text, username: text, registryHost: text, helmLoginCommand: text },
  }),
  'organizations registry-keys revoke': object({ revoked: text }),
  'organizations daily show': dailySettings,
  'organizations daily set': dailySettings,
  'organizations daily clear': done({ organization: text }),
  'organizations spend-limit show': spendLimit,
  'organizations spend-limit set': spendLimit,
  'organizations spend-limit clear': spendLimit,
  'organizations policies show': PolicyEnvelope,
  'organizations policies dry-run': PolicyDryRun,
  'organizations policies set': object({ ...PolicyEnvelope.properties, stopped: PolicyDryRun.properties.stopped }),
  'organizations webhooks list': WebhookList,
  'organizations webhooks create': CreatedWebhook,
  'organizations webhooks delete': done({ id: text }),
  'organizations webhooks test': WebhookTest,
  'organizations webhooks deliveries': WebhookDeliveryList,

  'regions list': RegionList,
  'regions register': object({ region: Region }),
  'regions show': object({ region: Region }),
  'regions enroll-token': object({ region: text, token: text, expiresAt: text, kubectlCommand: text }),
  'regions delete': object({ deleted: text, result: anything }),

  deploy: object({
    agentName: text,
    deploymentId: nullable(text),
    ready: yes,
    available: yes,
    name: text,
    organization: text,
    action: Type.Enum(['created', 'updated']),
    build: optional(object({ id: text, cached: yes })),
    warning: optional(text),
    service: Service,
  }),
  'agent list': object({ agents: Type.Array(ServiceSummary) }),
  'agent status': Service,
  'agent start': StartedSession,
  'agent stop': StoppedSession,
  'agent sessions': Type.Union([
    object({
      sessions: Type.Array(Session),
      total_count: whole,
      statistics: object({ durationSeconds: nullable(Spread), botStartSeconds: nullable(Spread), coldStarts: whole }),
    }),
    Type.Object(SessionDetail.properties, { description: 'with --id' }),
  ]),
  'agent session trace': SessionTrace,
  'agent logs': Type.Union([
    object({ logs: Type.Array(LogEntry), total: object({ value: whole, relation: Type.Enum(['eq', 'gte']) }) }),
    Type.Object(LogEntry.properties, { description: 'with --follow: one a line' }),
  ]),
  'agent log-retention': object({ name: text, ...LogRetentionState.properties }),
  'agent deployments': object({ deployments: Type.Array(Deployment) }),
  'agent history': object({ deployments: Type.Array(DeploymentRecord) }),
  'agent promote': Service,
  'agent rollback': Service,
  'agent capacity': object({ name: text, ...Capacity.properties }),
  'agent scale': object({
    name: text,
    autoScaling: object({ minReplicas: whole, maxReplicas: whole }),
    service: Service,
  }),
  'agent delete': done({ name: text }),
  'agent link': object({
    gitConfig: object({
      ...{ repoFullName: text, branch: text, dockerfilePath: optional(text), subdirectory: optional(text) },
      autoDeploy: optional(yes),
    }),
  }),
  'agent unlink': object({ unlinked: text }),
  'agent deploy': object({ deployIntent, latestDeploy: optional(gitDeploy), waitOutcome: optional(text) }),
  'agent profiles list': AgentProfileList,
  'agent profiles create': AgentProfile,
  'agent profiles update': AgentProfile,
  'agent profiles disable': AgentProfile,
  'agent profiles enable': AgentProfile,

  'build cancel': Build,
  'build list': BuildList,
  'build status': Build,
  'build logs': Type.Union([BuildLogs, Type.Object({ log: text }, { description: 'with --follow: one a line' })]),

  'secrets set': object({ set: text, region: text, keys: Type.Array(text) }),
  'secrets list': Type.Union([
    object({ secretSets: Type.Array(SecretSetSummary) }),
    Type.Object({ name: text, ...SecretSet.properties }, { description: 'with a set' }),
  ]),
  'secrets image-pull-secret': object({ set: text, host: text, region: text }),
  'secrets reference': ReferencedSecretSet,
  'secrets unset': done({ set: text, key: text }),
  'secrets delete': done({ set: text }),

  'docker build-push': object({ image: text, tags: Type.Array(text), platform: text, pushed: yes }),
  'github status': object({ installation: nullable(Installation) }),
  'github connect': connection,
  'github disconnect': object({ disconnected: yes, organization: text }),
  'github repos': object({
    repositories: Type.Array(
      object({ id: optional(text), fullName: text, private: optional(yes), defaultBranch: optional(text) }),
    ),
  }),
  'github branches': object({ repository: text, branches: Type.Array(text) }),
  usage: object({ organization: text, ...Usage.properties }),
  'spend-limit show': spendLimit,
  'spend-limit set': spendLimit,
  'spend-limit clear': spendLimit,

  'audit list': object({
    records: Type.Array(AuditRecord),
    names: Type.Record(text, text),
    nextCursor: nullable(whole),
  }),
  'audit verify': Type.Union([
    AuditVerification,
    Type.Object(
      {
        ...{ ok: yes, records: whole, from: nullable(whole), to: nullable(whole), headHash: nullable(text) },
        ...{ proven: Type.Array(text), notProven: Type.Array(text) },
      },
      { description: 'with --file' },
    ),
  ]),
  'audit export': object({ file: text, records: whole }),

  open: object({ url: text, opened: yes }),
  doctor: object({ ok: yes, checks: Type.Array(Check) }),
  completion: object({ shell: text, script: text }),
};
