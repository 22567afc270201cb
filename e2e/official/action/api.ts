/** What the Action's HTTP client sends and how it reads (contract §2.2, §7): Content-Type is set even on GET, and never looked at. */
export function createActionApi(apiUrl: string, apiKey: string) {
  const host = apiUrl.replace(/\/+$/, '');

  async function request(method: 'GET' | 'POST', path: string, body?: object) {
    const response = await fetch(`${host}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'user-agent': 'pipecat-cloud-deploy-action',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parse(await response.text()) };
  }

  /** Throws what the job then fails with. `absent`: 404 is an answer. */
  async function ask(what: string, method: 'GET' | 'POST', path: string, body?: object, absent = false): Promise<Json> {
    const answer = await request(method, path, body);
    if (absent && answer.status === 404) return {};
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${what}: ${answer.body.error || answer.body.message || `HTTP ${answer.status}`}`);
  }

  const agent = (name: string) => `/v1/agents/${encodeURIComponent(name)}`;
  return {
    /** Empty where there is none. */
    agent: (name: string) => ask('Failed to check agent', 'GET', agent(name), undefined, true),
    create: (body: object) => ask('Failed to create deployment', 'POST', '/v1/agents', body),
    update: (name: string, body: object) => ask('Failed to update deployment', 'POST', agent(name), body),
    builds: (query: Record<string, string>) =>
      ask('Failed to list builds', 'GET', `/v1/builds?${new URLSearchParams(query)}`),
    uploadUrl: (body: object) => ask('Failed to get upload URL', 'POST', '/v1/builds/upload-url', body),
    build: (body: object) => ask('Failed to create build', 'POST', '/v1/builds', body),
    buildOf: (id: string) =>
      ask('Failed to get build status', 'GET', `/v1/builds/${encodeURIComponent(id)}`, undefined, true),

    /** Fields in their order, then the type unless it is among them, then the file; no credential. */
    async upload(tarball: Buffer, { uploadUrl, uploadFields }: Json): Promise<void> {
      const fields = uploadFields as unknown as Record<string, string>;
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      if (!fields['Content-Type']) form.append('Content-Type', 'application/gzip');
      form.append('file', new Blob([new Uint8Array(tarball)], { type: 'application/gzip' }), 'context.tar.gz');
      const response = await fetch(uploadUrl as string, { method: 'POST', body: form, redirect: 'error' });
      if (!response.ok) throw new Error(`Upload failed: HTTP ${response.status} - ${await response.text()}`);
    },
  };
}

/** Read without a check, as JavaScript does. */
export type Json = { readonly [member: string]: unknown };

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { rawBody: text };
  }
}
