import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Uploaded } from '@pipecat-cloud/contract/builds';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { passOver } from '@pipecat-cloud/contract/pass-over';
import type { FastifyRequest } from 'fastify';
import { AppError, badRequest } from '../errors.js';
import { readUploadFields, type UploadService } from './upload-service.js';
import { uploadFieldNames } from './upload-signature.js';

/**
 * `POST /v1/uploads`: one multipart form, the signed fields first and the file last (contract §10.1). The file goes to disk as it
 * arrives. It counts only once the form's end has arrived too; a form that breaks off leaves nothing.
 */
export const uploadRoutes: FastifyPluginAsyncTypebox<{ uploads: UploadService }> = async (app, { uploads }) => {
  await app.register(multipart, {
    // The file's size is counted by the store, whose refusal says more than a cut file.
    limits: {
      fields: 10,
      files: 1,
      parts: 11,
      fieldNameSize: 100,
      fieldSize: 1024,
      fileSize: Number.POSITIVE_INFINITY,
    },
  });
  // Any other type reaches the handler unread, which then says what is wanted.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.post(
    '/v1/uploads',
    {
      config: { streamsBody: true },
      schema: { response: { 201: Uploaded, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope } },
    },
    async (request, reply) => {
      if (!request.isMultipart())
        throw badRequest('Send the upload as multipart/form-data: the upload fields first, the file last');
      const fields = new Map<string, string>();
      let received: Awaited<ReturnType<UploadService['receive']>> | undefined;
      try {
        for await (const part of partsOf(request)) {
          if (received) throw badRequest('The file must be the last part of the upload; nothing was kept');
          if (part.type === 'field') addField(fields, part);
          else {
            checkFileName(part);
            received = await uploads.receive(readUploadFields(fields), declaredBytes(request), bytesOf(part.file));
          }
        }
      } catch (error) {
        await received?.abandon();
        passOver(request.raw, uploads.limitBytes);
        throw error;
      }
      if (!received) throw badRequest("The upload has no file: send it as the last part, named 'file'");
      const { sizeBytes, contextHash } = await received.complete();
      return reply.status(201).send({ uploadId: fields.get('key') ?? '', sizeBytes, contextHash });
    },
  );
};

/** Object stores insist on the name too, so a client that works here works there. */
function checkFileName({ fieldname }: MultipartFile): void {
  if (fieldname !== 'file')
    throw badRequest(`The part with the file must be named 'file', not '${fieldname.slice(0, 100)}'; nothing was kept`);
}

function addField(fields: Map<string, string>, part: Extract<Multipart, { type: 'field' }>): void {
  const { fieldname: name, value } = part;
  if (!uploadFieldNames.some((known) => known === name)) {
    throw badRequest(`Unknown upload field '${name.slice(0, 100)}'; send exactly: ${uploadFieldNames.join(', ')}`);
  }
  if (typeof value !== 'string' || part.valueTruncated)
    throw badRequest(`The upload field '${name}' is not the text that was given`);
  if (fields.has(name)) throw badRequest(`The upload field '${name}' was sent twice`);
  fields.set(name, value);
}

function declaredBytes(request: FastifyRequest): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** The parts, with every failure of the form itself as a 400; what the consumer throws passes by. */
async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  try {
    yield* request.parts();
  } catch (cause) {
    throw unreadable(cause);
  }
}

async function* bytesOf(file: MultipartFile['file']): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of file) yield chunk as Buffer;
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : 'no reason given';
  return new AppError(
    400,
    'GENERIC_BAD_REQUEST',
    `The upload broke off or is no readable form (${why}); nothing was kept. Send it again`,
    { cause },
  );
}
