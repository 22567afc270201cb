import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DailySettings, PutDailySettingsBody } from '@pipecat-cloud/contract/daily';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { DailyKey } from '@pipecat-cloud/contract/organizations';
import { tokenOf } from '../access/principal.js';
import { actorOfRequest, organizationOf, principalOf } from '../http/request.js';
import type { DailySettingsService } from './daily-settings.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/daily';

/** The Daily account of an organization. */
export const dailyRoutes: FastifyPluginAsyncTypebox<{ settings: DailySettingsService }> = async (app, { settings }) => {
  // Official clients print what comes here, so only a token whose grant names the permission gets it; an error would be printed too
  // (contract §3.8). The installation's key is nobody's.
  app.get(path, { schema: { params: OrganizationParams, response: { 200: DailyKey, ...errors } } }, async (request) => {
    const { id, permissions } = organizationOf(request);
    if (!tokenOf(principalOf(request)) || !permissions.has('daily_key:read')) return {};
    const key = await settings.keyOf(id);
    return key?.own ? { apiKey: key.apiKey } : {};
  });

  app.get(
    `${path}/settings`,
    { schema: { params: OrganizationParams, response: { 200: DailySettings, ...errors } } },
    async (request) => await settings.get(organizationOf(request).id),
  );

  app.put(
    `${path}/settings`,
    {
      schema: { params: OrganizationParams, body: PutDailySettingsBody, response: { 200: DailySettings, ...errors } },
    },
    async (request) => await settings.put(organizationOf(request), actorOfRequest(request), request.body),
  );

  app.delete(
    `${path}/settings`,
    { schema: { params: OrganizationParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await settings.remove(organizationOf(request), actorOfRequest(request));
      return { status: 'OK' as const };
    },
  );
};
