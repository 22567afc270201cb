import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { IceServer } from '@pipecat-cloud/contract/sessions';
import { Type } from 'typebox';
import { principalOf } from '../http/request.js';
import type { IceServers } from './ice-servers.js';

/** What agents set their WebRTC connections up with, asked for by the workers that they ask (contract §9.2). */
export const iceRoutes: FastifyPluginAsyncTypebox<{ iceServers: IceServers }> = async (app, { iceServers }) => {
  const answer = Type.Object({ iceConfig: Type.Object({ iceServers: Type.Array(IceServer) }) });
  app.get('/v1/workers/ice-servers', { schema: { response: { 200: answer } } }, async (request) => {
    const principal = principalOf(request);
    const user = principal.kind === 'worker' ? principal.workerId : 'agent';
    return { iceConfig: { iceServers: await iceServers(user) } };
  });
};
