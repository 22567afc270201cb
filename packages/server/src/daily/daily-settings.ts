import type { DailySettings, PutDailySettingsBody } from '@pipecat-cloud/contract/daily';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { DailyConfig } from '../config/daily-config.js';
import type { Store } from '../db/store.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Clock } from '../system.js';
import type { DailyClient } from './daily-client.js';
import type { StoredDailySetting } from './daily-repository.js';

interface DailySettingsDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  box: SecretBox;
  daily: DailyClient;
  config: DailyConfig;
}
export interface DailyKeyInUse {
  apiKey: string;
  /** The organization's own; else that of the installation, which no agent is told. */
  own: boolean;
}

const none: StoredDailySetting = {
  sealedKey: null,
  keyHint: null,
  sealedDialinSecret: null,
  allowUnsignedDialin: false,
};

/** An organization's Daily API key and the secret of its dial-in webhook: sealed like a secret set, never shown. */
export function createDailySettings({ store, clock, audit, box, daily, config }: DailySettingsDeps) {
  function present(setting: StoredDailySetting): DailySettings {
    const signed = setting.sealedDialinSecret !== null;
    return {
      source: setting.sealedKey !== null ? 'organization' : config.apiKey ? 'installation' : 'none',
      keyHint: setting.keyHint,
      dialin: setting.allowUnsignedDialin ? 'unsigned' : signed ? 'signed' : 'off',
    };
  }

  return {
    async get(organizationId: string): Promise<DailySettings> {
      return present((await store.daily.setting(organizationId)) ?? none);
    },

    /** Asks Daily about a new key before anything changes. */
    async put(organization: OrganizationAccess, actor: Actor, body: PutDailySettingsBody): Promise<DailySettings> {
      const { apiKey, dialinSecret, allowUnsignedDialin } = body;
      if (apiKey) await daily.check(apiKey);
      return await store.transaction(async (repos) => {
        const setting = { ...((await repos.daily.setting(organization.id)) ?? none) };
        const seal = (name: 'key' | 'dialin', text: string) => box.seal(repos, organization.id, ['daily', name], text);
        if (apiKey !== undefined) {
          setting.sealedKey = apiKey && (await seal('key', apiKey));
          setting.keyHint = apiKey && `…${apiKey.slice(-4)}`;
        }
        if (dialinSecret !== undefined)
          setting.sealedDialinSecret = dialinSecret && (await seal('dialin', dialinSecret));
        if (allowUnsignedDialin !== undefined) setting.allowUnsignedDialin = allowUnsignedDialin;
        await repos.daily.putSetting(organization.id, setting, clock.now());
        await audit.record(repos, actor, {
          action: 'organization.daily_changed',
          organizationId: organization.id,
          target: organization.name,
          detail: { changed: Object.keys(body).sort(), keyHint: setting.keyHint, dialin: present(setting).dialin },
        });
        return present(setting);
      });
    },

    async remove(organization: OrganizationAccess, actor: Actor): Promise<void> {
      await store.transaction(async (repos) => {
        if (!(await repos.daily.removeSetting(organization.id))) return;
        await audit.record(repos, actor, {
          action: 'organization.daily_removed',
          organizationId: organization.id,
          target: organization.name,
        });
      });
    },

    /** Undefined where neither the organization nor the installation has a key. */
    async keyOf(organizationId: string): Promise<DailyKeyInUse | undefined> {
      const setting = await store.daily.setting(organizationId);
      if (setting?.sealedKey)
        return { apiKey: await box.open(store, organizationId, ['daily', 'key'], setting.sealedKey), own: true };
      const apiKey = await config.apiKey?.();
      return apiKey ? { apiKey, own: false } : undefined;
    },

    /** What the dial-in webhook asks for: a signature with this secret, nothing, or it takes no calls. */
    async dialinOf(organizationId: string): Promise<{ secret: string } | 'unsigned' | 'off'> {
      const setting = (await store.daily.setting(organizationId)) ?? none;
      if (setting.allowUnsignedDialin) return 'unsigned';
      if (!setting.sealedDialinSecret) return 'off';
      return { secret: await box.open(store, organizationId, ['daily', 'dialin'], setting.sealedDialinSecret) };
    },
  };
}
export type DailySettingsService = ReturnType<typeof createDailySettings>;
