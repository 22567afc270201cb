import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DialinAnswer } from '@pipecat-cloud/contract/daily';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { Type } from 'typebox';
import type { Dialin } from '../daily/dialin.js';
import { badRequest } from '../errors.js';
import type { WhatsappWebhook } from '../whatsapp/whatsapp-webhook.js';

interface WebhookDeps {
  dialin: Dialin;
  whatsapp: WhatsappWebhook;
}

const path = '/v1/public/webhooks/:org/:agent';
const params = Type.Object({ org: Type.String({ maxLength: 100 }), agent: Type.String({ maxLength: 100 }) });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
/** Messages about calls are some kilobytes of JSON; an SDP is most of it. */
const bodyLimit = 256 * 1024;

/** What phone and messaging providers call. Bodies stay bytes: what is signed must not be read and written again. */
export const webhookRoutes: FastifyPluginAsyncTypebox<WebhookDeps> = async (app, { dialin, whatsapp }) => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body));

  app.post(
    `${path}/dialin`,
    { schema: { params, response: { 200: DialinAnswer, ...errors } } },
    async ({ params: { org, agent }, headers, ip, body }) =>
      await dialin.receive({ organization: org, agent, address: ip, headers, body: bytesOf(body) }),
  );

  app.get(
    `${path}/whatsapp`,
    {
      schema: {
        params,
        querystring: Type.Object({
          'hub.mode': Type.Optional(Type.String()),
          'hub.challenge': Type.Optional(Type.String({ maxLength: 100 })),
          'hub.verify_token': Type.Optional(Type.String({ maxLength: 300 })),
        }),
        response: { 200: Type.Number(), ...errors },
      },
    },
    async (request) => {
      const { 'hub.mode': mode, 'hub.challenge': challenge, 'hub.verify_token': token } = request.query;
      const { org, agent } = request.params;
      const origin = { address: request.ip, userAgent: request.headers['user-agent'] ?? '' };
      await whatsapp.verify(org, agent, token ?? '', origin);
      if (mode !== 'subscribe' || !/^\d{1,20}$/.test(challenge ?? ''))
        throw badRequest('hub.mode must be subscribe, and hub.challenge a number');
      return Number(challenge);
    },
  );

  app.post(
    `${path}/whatsapp`,
    { schema: { params, response: { 200: Type.Unknown(), ...errors } } },
    async (request, reply) => {
      const { org, agent } = request.params;
      const signature = request.headers['x-hub-signature-256'];
      const answer = await whatsapp.receive({
        ...{ organization: org, agent, address: request.ip, body: bytesOf(request.body) },
        contentType: request.headers['content-type'] ?? 'application/json',
        signature: typeof signature === 'string' ? signature : undefined,
      });
      if (answer.contentType) void reply.header('content-type', answer.contentType);
      // As it came, whatever its status.
      return reply
        .status(answer.status as 200)
        .serializer((payload: Buffer) => payload as unknown as string)
        .send(answer.body);
    },
  );
};

const bytesOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));
