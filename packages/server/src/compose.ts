import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createAccessCache } from './access/access-cache.js';
import { createAccessListener } from './access/access-listener.js';
import { composeAccess } from './access/compose-access.js';
import { createCredentialDigests } from './access/credential-digests.js';
import { composeAgents } from './agents/compose-agents.js';
import { createAudit } from './audit/audit-service.js';
import { auditKeyOf } from './audit/chain-head.js';
import { composeAudit } from './audit/compose-audit.js';
import { type Bootstrapped, bootstrap, checkKeys } from './bootstrap.js';
import { composeBuilds } from './builds/compose-builds.js';
import { closeAll } from './close-all.js';
import { composeObservability } from './compose-observability.js';
import { registerPlatform } from './compose-platform.js';
import type { Config } from './config/config.js';
import type { Keys } from './config/keys.js';
import { openDatabase } from './db/open.js';
import { createStore, type Store } from './db/store.js';
import { composeGateway } from './gateway/compose-gateway.js';
import { createHandOver, type HandOver } from './gateway/hand-over.js';
import { createCallerAddress } from './http/caller-address.js';
import { composeHttp } from './http/compose-http.js';
import { dashboard } from './http/dashboard.js';
import type { Leaks } from './leaks/compose-leaks.js';
import { createFileLogStore } from './logs/file-log-store.js';
import { logRoutes } from './logs/log-routes.js';
import { createWorkerLogs } from './logs/worker-logs.js';
import { openMailServer } from './mail/mailer.js';
import { createMetrics } from './metrics/metrics.js';
import { composeNotifications, type Notifications } from './notifications/compose-notifications.js';
import type { Notify, SendMail } from './notifications/notify.js';
import type { PostWebhook } from './notifications/post-webhook.js';
import { composeOrganizations } from './organizations/compose-organizations.js';
import { createPeriodic } from './periodic.js';
import { createCapacity } from './pool/capacity.js';
import { capacityRoutes } from './pool/capacity-routes.js';
import { createDemandBook } from './pool/demand-book.js';
import { createPass } from './pool/pass.js';
import { addPrivateApi } from './private-api/private-api.js';
import { createPropertyService } from './properties/property-service.js';
import { createRegions } from './regions/regions.js';
import { createSecretBox } from './secrets/secret-box.js';
import { createSecretService } from './secrets/secret-service.js';
import { composeSessions } from './sessions/compose-sessions.js';
import { createSessionEnds } from './sessions/session-ends.js';
import { sessionRoutes } from './sessions/session-routes.js';
import { composeSignIn, type SignIn } from './sign-in/compose-sign-in.js';
import { createSessionCookie } from './sign-in/session-cookie.js';
import type { SignInService } from './sign-in/sign-in-service.js';
import { createSpendService } from './spend/spend-service.js';
import { type Clock, type Ids, systemClock, systemIds } from './system.js';
import { composeWorkers } from './workers/compose-workers.js';
import { createEnrolment, type Enrolment, enrolmentRoutes } from './workers/enrolment.js';
import { createReportHandler } from './workers/report-handler.js';
import { createReportScope } from './workers/report-scope.js';
import type { WorkerChannel } from './workers/worker-channel.js';

/** What tests replace: time, chance, and the outside parties; and what the process around it can do for it. */
export interface Overrides {
  clock?: Clock;
  ids?: Ids;
  sendMail?: SendMail;
  postWebhook?: PostWebhook;
  /** Says a few lines to whoever runs the installation, and writes them to no log. */
  terminal?: (text: string) => void;
  notify?: Notify;
  handOver?: HandOver;
  /** By which workers are away; see `createRunningClock`. */
  runningMs?: () => number;
}

export interface ControlPlane {
  http: FastifyInstance;
  store: Store;
  workers: WorkerChannel;
  signIn: SignInService;
  startInvited: SignIn['startInvited'];
  notifications: Notifications;
  enrolment: Enrolment;
  bootstrapped: Bootstrapped;
  /** Takes certificate and key as the files hold them now. Resolves when that is done or has failed, which is logged. */
  reloadCertificate(): Promise<void>;
  leaks: Leaks;
  close(): Promise<void>;
}

/** Nobody tells of the end of a WhatsApp call that is older than any session may be. */
const forgottenCallMs = 24 * 60 * 60 * 1000;

/** Builds everything by hand, in order; `close` runs the order backwards. Listens to nothing yet. */
export async function compose(
  config: Config,
  keys: Keys,
  log: Logger,
  overrides: Overrides = {},
): Promise<ControlPlane> {
  const clock = overrides.clock ?? systemClock;
  const ids = overrides.ids ?? systemIds;
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const mailServer = await openMailServer(config.mail);
  const database = await openDatabase(config.database, auditKeyOf(keys));
  const cache = createAccessCache();
  const accessChanged = () => {
    cache.evict();
    revokedWorkers.check();
  };
  const store = createStore(database, { onAccessChanged: () => accessChanged() });
  // Another control plane may change access too, and tells of it over the database.
  const accessListener =
    config.database.dialect === 'postgres'
      ? createAccessListener({
          url: config.database.url,
          cache: { evict: () => accessChanged(), setUsable: cache.setUsable },
          log,
        })
      : undefined;
  const audit = createAudit({ clock, ids });
  const digests = createCredentialDigests(keys.peppers);
  const bootstrapped = await bootstrap({ config, store, clock, ids, audit, digests });
  // Afterwards: of two that begin at once with keys of their own, one has made the first token.
  await checkKeys({ store, keys, config });
  const auditLog = composeAudit({ store, clock, audit, log, days: config.auditDays });
  const logStore = createFileLogStore({
    directory: join(config.dataDirectory, 'logs'),
    log,
    // Of several control planes the one that runs the agents writes them.
    mine: () => lease.held(),
  });
  const metrics = createMetrics();
  const box = createSecretBox({ masters: keys.masters, clock });
  const notifications = composeNotifications({
    ...{ store, clock, ids, audit, box, log, mailServer },
    ...{ publicUrl: config.publicUrl, privateWebhooks: config.privateWebhooks },
    ...{ sendMail: overrides.sendMail, post: overrides.postWebhook, terminal: overrides.terminal ?? (() => {}) },
  });

  const { sendMail } = notifications;
  const notify = overrides.notify ?? notifications.notify;
  const entrance = composeSignIn({ config, store, clock, ids, log, audit, digests, sendMail });
  const { facts, authenticator, authorizer, uses, throttle, tokens, oauth, leaks } = composeAccess({
    ...{ store, clock, ids, log, audit, keys, digests, cache, notify },
    publicUrl: config.publicUrl,
    sessionOf: entrance.sessions.sessionOf,
  });

  const reconciler = createPeriodic({
    // Of several control planes on one database, one makes instances and ends sessions.
    run: async () => {
      if (lease.held() && (await pass.pass())) nudge();
    },
    intervalMs: 2_000,
    // Workers tell of every change, and sessions of their ends: where hundreds begin, those who wait for a start come first.
    rests: true,
    onError: (err) => log.error({ err }, 'a reconciler pass failed; the next one starts from what it finds'),
  });
  const { nudge } = reconciler;
  const regions = createRegions({ store, own: config.region });
  const spend = createSpendService({ store, clock, audit, centsPerMinute: config.sessionMinuteCents });
  const ends = metrics.countEnds(createSessionEnds({ store, clock, spend }));
  const secrets = createSecretService({ store, clock, ids, audit, box, regions, leaks: leaks.watch });
  const removeLogs = (agentId: string) => logStore.removeAgent(agentId);
  const { lease, hops, workers, revokedWorkers } = composeWorkers({
    ...{ config, keys, store, clock, ids, log, installationId: bootstrapped.installationId },
    applyReport: (report, worker) => applyReport(report, worker),
    onKeptBuilds: (worker, kept) => build.keeps(worker, kept),
    onMissingBuild: (worker, buildId) => build.again(worker, buildId),
    onChange: nudge,
    onPresence: () => build.nudge(),
    runningMs: overrides.runningMs,
    onLead: () => {
      logStore.reopen();
      observability.lead();
    },
    onStandby: () => {
      logStore.standBy();
      observability.standBy();
    },
  });
  const build = composeBuilds({ config, keys, store, clock, ids, audit, log, regions, leaks, secrets, workers });
  const { builds, uploads } = build;
  const observability = composeObservability({
    ...{ config, store, clock, log, audit, metrics, workers, logs: logStore, removeLogs },
    installationId: bootstrapped.installationId,
  });
  const { usage, traces, countedLogs } = observability;
  const applyReport = createReportHandler({
    ends,
    usage,
    traces,
    log,
    scope: createReportScope(store),
    builds,
    appendLogs: countedLogs(createWorkerLogs({ logs: logStore, clock, log, leaks: leaks.sites })),
    credentialsSeen: leaks.sites.seen,
    nudge,
  });

  const demand = createDemandBook({ store, clock });
  const { starts, sessions, socketTokens, dailySettings, rooms, iceServers } = composeSessions({
    ...{ config, keys, store, clock, ids, log, audit, box, metrics, regions, workers, ends, spend, demand },
    ...{ usage, traces, nudge },
  });
  const deployed = composeAgents({
    ...{ store, clock, ids, audit, builds, regions, secrets, workers, nudge, removeLogs },
  });
  const { agents } = deployed;
  const pass = createPass({
    store,
    clock,
    ids,
    log,
    workers,
    ends,
    demand,
    onPlaces: starts.onPlaces,
    scopeOf: regions.scopeOf,
    secretsOf: (organizationId, name) => secrets.secretsOf(organizationId, name),
    registryOf: (organizationId, name) => secrets.registryOf(organizationId, name),
    isStarting: starts.isStarting,
    isAlone: config.database.dialect === 'sqlite',
    nudge,
    removeLogs,
  });

  const { http, tls } = await composeHttp({
    ...{ config, store, log, metrics, authenticator, authorizer, leads: lease.held, refusals: auditLog.refusals },
  });
  await auditLog.registerRoutes(http);
  const { unusedTokens } = await composeOrganizations(http, {
    store,
    authorizer,
    clock,
    ids,
    audit,
    digests,
    box,
    cookie: createSessionCookie(config.publicUrl),
    log,
    publicUrl: config.publicUrl,
    region: config.region.code,
    notify,
    sendMail,
    adoptToken: tokens.adoption.adopt,
    startSession: entrance.startInvited,
  });
  await tokens.register(http);
  await deployed.register(http);
  const properties = createPropertyService({ store, audit, regions });
  await http.register(capacityRoutes, {
    capacityOf: createCapacity({ store, clock, demand, waiting: starts.waiting }),
  });
  await http.register(sessionRoutes, { sessions });
  const agentLogs = {
    logs: logStore,
    findAgentId: async (organizationId: string, name: string) => (await store.agents.find(organizationId, name))?.id,
  };
  await http.register(logRoutes, { ...agentLogs, ...observability.following });
  await observability.register(http, authorizer);
  await build.register(http);
  await addPrivateApi(http, { agents, builds, uploads, properties, secrets, sessions, ...agentLogs });
  const enrolment = createEnrolment({ store, clock, ids, audit, digests });
  await http.register(enrolmentRoutes, { enrolment, throttle });
  await registerPlatform(http, {
    store,
    clock,
    ids,
    audit,
    regions,
    properties,
    references: deployed.references,
    spend,
    enrolment,
    workers,
  });
  await leaks.register(http);
  await entrance.register(http);
  await notifications.register(http);
  await oauth.addRoutes(http);
  const gateway = await composeGateway(http, {
    ...{ store, clock, ids, log, authenticator, facts, throttle, sessions, starts, socketTokens, secrets, workers },
    ...{ hops, iceServers, rooms, dailySettings, dailyApiUrl: config.daily.apiUrl },
    addressOf: createCallerAddress(config.trustedProxies),
    handOver: overrides.handOver ?? createHandOver(undefined, undefined),
  });
  await http.register(dashboard);
  await http.ready();

  accessListener?.start();
  // Before anyone connects: a worker that came too early would be sent away.
  await lease.start();
  reconciler.start();
  build.start();
  const housekeeping = createPeriodic({
    run: async () => {
      await store.socketTokens.removeExpired(clock.now());
      await store.startKeys.removeExpired(clock.now());
      await store.whatsapp.removeOlder(new Date(clock.now().getTime() - forgottenCallMs));
      await entrance.prune();
      await oauth.sweep();
    },
    intervalMs: 60 * 60 * 1000,
    onError: (err) => log.warn({ err }, 'housekeeping failed; it runs again in an hour'),
  });
  housekeeping.start();
  gateway.start();
  observability.start();
  unusedTokens.start();
  notifications.start();

  return {
    http,
    store,
    workers,
    signIn: entrance.signIn,
    startInvited: entrance.startInvited,
    notifications,
    enrolment,
    bootstrapped,
    reloadCertificate: async () => tls?.reload(),
    leaks,
    close: () =>
      closeAll([
        () => tls?.close(),
        // Requests that wait for a worker end with its link.
        () => Promise.all([http.close(), closeAll([() => workers.close(), () => gateway.close()])]),
        () => unusedTokens.close(),
        () => notifications.close(),
        () => housekeeping.close(),
        () => build.close(),
        () => reconciler.close(),
        () => pass.idle(),
        () => revokedWorkers.idle(),
        () => observability.close(),
        () => leaks.close(),
        () => uses.close(),
        () => lease.close(),
        () => accessListener?.close(),
        () => auditLog.close(),
        () => entrance.close(),
        () => logStore.close(),
        () => store.close(),
      ]),
  };
}
