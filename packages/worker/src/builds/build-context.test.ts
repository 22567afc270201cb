import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { never } from '../testing/driver-tools.js';
import { createContext } from './build-context.js';
import { download } from './download.js';

let server: Server;
let status: number;
beforeEach(async () => {
  server = createServer((_, response) => response.writeHead(status).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => server.close());

const fetched = async () => {
  const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context = createContext({ controlUrl, credential: async () => 'c' }, 'b');
  const error = await download(context.open, '/dev/null', '', never).catch((caught) => caught);
  return { said: error.message, mayComeBack: context.failure() !== undefined };
};

test.each([404, 410])(
  'a context that is gone (%s) is not waited for, and who deploys is told what to do',
  async (gone) => {
    status = gone;
    expect(await fetched()).toEqual({
      said: "The build's context is not there any more; deploy again to upload it anew.",
      mayComeBack: false,
    });
  },
);

test('a control plane that cannot give it now may give it later', async () => {
  status = 503;
  expect(await fetched()).toMatchObject({ mayComeBack: true });
});
