import { once } from 'node:events';
import { type JsonValue, serve } from '@pipecat-cloud/agent';

const AsyncFunction = (async () => {}).constructor as new (code: string) => () => Promise<JsonValue>;

// Stays until its session is ended, and runs whatever it is posted: the hostile things that a test has it do.
await serve({
  bot: async ({ signal }) => void (await once(signal, 'abort')),
  routes: { 'POST /run': async (request) => await new AsyncFunction(await request.text())() },
});
