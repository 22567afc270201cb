import type { Generated } from 'kysely';
import type { AgentProfileTables } from '../agent-profiles/agent-profile-table.js';
import type { AuditTables } from '../audit/audit-table.js';
import type { DailyTables } from '../daily/daily-table.js';
import type { LeakTables } from '../leaks/leak-table.js';
import type { LogRetentionTables } from '../logs/log-retention-table.js';
import type { NotificationTables } from '../notifications/notification-table.js';
import type { OauthTables } from '../oauth/oauth-table.js';
import type { PoolTables } from '../pool/pool-table.js';
import type { RegionTables } from '../regions/region-table.js';
import type { ObservabilityTables } from '../sessions/observability-table.js';
import type { StartKeyTables } from '../sessions/start-key-table.js';
import type { SignInTables } from '../sign-in/sign-in-table.js';
import type { SpendTables } from '../spend/spend-table.js';
import type { UsageDayTables } from '../usage/usage-day-table.js';
import type { WhatsappTables } from '../whatsapp/whatsapp-table.js';

/**
 * Tables as both databases keep them: ids and times are text (ISO 8601, UTC), booleans 0 or 1, JSON text. Rows never leave the
 * repositories.
 */
export interface Schema
  extends AgentProfileTables,
    AuditTables,
    DailyTables,
    LeakTables,
    LogRetentionTables,
    NotificationTables,
    OauthTables,
    ObservabilityTables,
    PoolTables,
    RegionTables,
    SignInTables,
    SpendTables,
    StartKeyTables,
    UsageDayTables,
    WhatsappTables {
  setting: { name: string; value: string };
  user_account: { id: string; email: string; default_organization_id: string | null; created_at: string };
  organization: {
    id: string;
    name: string;
    verbose_name: string;
    default_region: string;
    created_at: string;
    deleted_at: string | null;
  };
  organization_policy: { organization_id: string; policy_json: string; updated_at: string; updated_by: string | null };
  invitation: {
    id: string;
    organization_id: string;
    email: string;
    role: string;
    digest: string;
    invited_by: string;
    created_at: string;
    expires_at: string;
    accepted_at: string | null;
    revoked_at: string | null;
  };
  service_account: {
    id: string;
    organization_id: string;
    name: string;
    description: string;
    role: string;
    created_at: string;
    created_by: string | null;
    disabled_at: string | null;
    deleted_at: string | null;
  };
  membership: { organization_id: string; user_id: string; role: string; created_at: string };
  one_time_code: {
    id: string;
    /** `setup` for the owner's first sign-in, `sign_in` and `step_up` for an e-mail code, `recovery` for one on paper, `enrolment` for a worker. */
    purpose: string;
    digest: string;
    user_id: string | null;
    /** Of an enrolment: the organization's region that the worker is for; null for the installation's own. */
    region_id: string | null;
    /** Of an e-mail code: digest of the browser or session that asked for it. Guesses from there alone are compared with it. */
    bound_to: string | null;
    attempts: number;
    created_at: string;
    expires_at: string;
    used_at: string | null;
  };
  token: {
    id: string;
    kind: string;
    user_id: string | null;
    service_account_id: string | null;
    /** Of a service account's token: the one organization that it reaches. */
    organization_id: string | null;
    /** The first token of a line of rotations gives its id to all of them. */
    family_id: string;
    /** What it was derived from. */
    parent_id: string | null;
    /** What it takes the place of. */
    predecessor_id: string | null;
    activated_at: string | null;
    ends_at: string | null;
    suspicious_at: string | null;
    created_by: string | null;
    name: string;
    digest: string;
    pepper_id: string;
    masked: string;
    legacy: number;
    grant_json: string;
    created_at: string;
    expires_at: string | null;
    revoked_at: string | null;
    revoked_by: string | null;
    revoked_cause: string | null;
    revoked_reason: string | null;
    last_used_at: string | null;
    last_used_address: string | null;
    last_used_user_agent: string | null;
    last_used_ci_run: string | null;
    /** Which of its permissions it has used: a bit for each, by its place in the table of permissions. */
    used_permissions: Generated<number>;
    /** Of one that is older than that column; null where it was counted from the beginning. */
    use_counted_since: Generated<string | null>;
  };
  /** Whether an organization lets in a personal token that it has to approve. */
  token_decision: {
    token_id: string;
    organization_id: string;
    state: string;
    decided_by: string | null;
    decided_at: string;
  };
  api_key: {
    id: string;
    organization_id: string;
    type: string;
    name: string;
    digest: string;
    pepper_id: string;
    masked: string;
    /** Public keys only: they are listed again in clear (contract §6.5). */
    sealed: string | null;
    created_at: string;
    revoked_at: string | null;
    last_used_at: string | null;
  };
  data_key: { organization_id: string; sealed: string; created_at: string };
  secret_set: {
    id: string;
    organization_id: string;
    name: string;
    type: string;
    region: string;
    host: string | null;
    /** `managed` here, or `referenced`: the values lie on the machines of its region. */
    source: Generated<string>;
    created_at: string;
    updated_at: string;
  };
  secret_value: { set_id: string; field_name: string; sealed: string; updated_at: string };
  agent: {
    id: string;
    organization_id: string;
    name: string;
    region: string;
    min_agents: number;
    max_agents: number;
    reuse_max_sessions: number | null;
    reuse_max_memory_percent: number | null;
    websocket_auth: string;
    desired_deployment_id: string | null;
    live_deployment_id: string | null;
    /** The last desired deployment that a reconciler pass has seen. */
    reconciled_deployment_id: string | null;
    /** Those that were live before: until they are retired, their idle instances take what the live one has no ready instance for. */
    fallback_deployments_json: Generated<string>;
    /** Set while the desired deployment, not live yet, takes this share of the new sessions. */
    canary_percent: number | null;
    /** 1 while starts wait for the desired deployment. */
    starts_held: Generated<number>;
    created_at: string;
    updated_at: string;
    deleted_at: string | null;
  };
  deployment: {
    id: string;
    organization_id: string;
    agent_id: string;
    image: string | null;
    build_id: string | null;
    secret_set: string | null;
    image_pull_secret_set: string | null;
    /** Empty where the deploy gave resources of its own. */
    profile: string;
    /** What the profile said when the deployment was made, or what the deploy said; null in rows from before these columns. */
    cpu: string | null;
    memory: string | null;
    architecture: string | null;
    max_session_seconds: number | null;
    krisp_audio_filter: string | null;
    phase: string;
    phase_started_at: string;
    start_failures: Generated<number>;
    /** Sessions in a row that ended because their instance did. */
    session_crashes: Generated<number>;
    error_code: string | null;
    error_message: string | null;
    /** What the image's tag was resolved to; null until a worker has said so. */
    image_digest: string | null;
    /** How it takes over: automatic, strict, canary, held. */
    rollout: Generated<string>;
    canary_percent: number | null;
    ready_at: string | null;
    /** When it became live last. */
    live_at: string | null;
    /** As in audit records; null in rows from before these columns. */
    deployed_by_kind: string | null;
    deployed_by_id: string | null;
    deployed_by_credential_id: string | null;
    created_at: string;
    updated_at: string;
  };
  slot: {
    id: string;
    organization_id: string;
    agent_id: string;
    /**
     * 0 while it counts towards max_agents; 1 for the extra one that lets a new deployment start while all others are busy, and for
     * quarantined ones whose place another has taken.
     */
    spare: number;
    state: string;
    epoch: number;
    deployment_id: string | null;
    instance_id: string | null;
    worker_id: string | null;
    session_id: string | null;
    changed_at: string;
    /** No new instance before this time: backoff after failed starts. */
    not_before: string | null;
    /** Sessions that the present instance was given. */
    served: Generated<number>;
  };
  session: {
    id: string;
    organization_id: string;
    agent_id: string;
    deployment_id: string;
    slot_id: string | null;
    instance_id: string | null;
    worker_id: string | null;
    epoch: number;
    state: string;
    entry: string;
    cold_start: number | null;
    created_at: string;
    activated_at: string | null;
    /** From created_at to activated_at, in milliseconds. */
    start_ms: number | null;
    ended_at: string | null;
    end_reason: string | null;
    /** How its instance ended, where that ended the session. */
    end_detail: string | null;
    /** What clients call the end; null until there is one. */
    end_state: string | null;
    completion_status: string | null;
    updated_at: string;
  };
  /** How many ended sessions there are of each sort; `cold_start` is -1 where it is not known. */
  session_tally: {
    organization_id: string;
    agent_id: string;
    deployment_id: string;
    end_reason: string;
    cold_start: number;
    count: number;
  };
  session_usage: { session_id: string; t: number; c: number; m: number };
  socket_token: {
    nonce: string;
    organization_id: string;
    agent_id: string;
    session_id: string;
    expires_at: string;
    used_at: string | null;
  };
  upload: {
    id: string;
    organization_id: string;
    region: string;
    state: string;
    size_bytes: number | null;
    sha256: string | null;
    context_hash: string | null;
    created_at: string;
    expires_at: string;
  };
  build: {
    id: string;
    organization_id: string;
    upload_id: string;
    region: string;
    context_hash: string;
    context_sha256: string;
    context_size_bytes: number;
    dockerfile_path: string;
    status: string;
    error_message: string | null;
    created_at: string;
    started_at: string | null;
    completed_at: string | null;
    updated_at: string;
    /** Who makes it, or made it. */
    worker_id: string | null;
    /** Whose values its steps may read. */
    secret_set: string | null;
    /** What its base images are pulled with. */
    image_pull_secret_set: string | null;
    image_size_bytes: number | null;
    used_at: string | null;
    /** From then on its files are gone, or going. */
    removed_at: string | null;
  };
  build_log: { build_id: string; position: number; text: string };
  worker: {
    id: string;
    name: string;
    digest: string;
    pepper_id: string;
    /** The organization's region that it runs; null for the installation's own. */
    region_id: string | null;
    /** What it has said of its machine. */
    architecture: string | null;
    created_at: string;
    revoked_at: string | null;
    last_seen_at: string | null;
  };
}
