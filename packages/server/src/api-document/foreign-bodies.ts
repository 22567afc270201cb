import { Type } from 'typebox';

const text = Type.String();
const form = (properties: Record<string, ReturnType<typeof Type.Optional>>) => ({
  consumes: ['application/x-www-form-urlencoded'],
  body: Type.Object(properties as never, { additionalProperties: true }),
});

/** Bodies that routes read without a schema, because a library or the agent judges them. Only described, never enforced. */
export const foreignBodies: Readonly<Record<string, object>> = {
  'POST /oauth/token': form({
    grant_type: text as never,
    client_id: Type.Optional(text),
    code: Type.Optional(text),
    code_verifier: Type.Optional(text),
    redirect_uri: Type.Optional(text),
    refresh_token: Type.Optional(text),
    device_code: Type.Optional(text),
  }),
  'POST /oauth/device/code': form({ client_id: text as never, scope: Type.Optional(text) }),
  'POST /oauth/revoke': form({ token: text as never, token_type_hint: Type.Optional(text) }),
  'POST /v1/uploads': {
    consumes: ['multipart/form-data'],
    body: Type.Object(
      {
        key: Type.String({ description: '`uploadId`' }),
        file: Type.String({
          contentEncoding: 'binary',
          description: 'The context, a gzipped tar file; last, after every field of `uploadFields`',
        }),
      },
      { additionalProperties: true },
    ),
  },
  'ANY /v1/public/:agent/sessions/:id/*': {
    params: Type.Object({
      agent: text,
      id: text,
      path: Type.String({ description: "The rest is the agent's own path, of any depth" }),
    }),
  },
};
