import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Command, HopClaims, ObservedInstance, Report, WorkerMessage } from '@pipecat-cloud/contract/worker';
import { vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

type Answer = Extract<WorkerMessage, { type: 'answer' }>;
export type ReportOf<T extends Report['type']> = Extract<Report, { type: T }>;

/** The one enrolment token that it takes, as often as it comes. */
export const goodToken = 'we_good';
const waiting = { interval: 5 };

/** A control plane for tests of the worker: it enrols, welcomes, orders, and acknowledges unless told not to. */
export async function startFakeControl() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const credentials = new Set<string>();
  const links: WebSocket[] = [];
  const messages: WorkerMessage[] = [];
  const reports: { number: number; report: Report }[] = [];
  const answers = new Map<string, Answer>();
  const contexts = new Map<string, (res: ServerResponse) => void>();
  const seen = { enrolments: 0, dials: 0, refusals: 0, contextCredentials: [] as (string | undefined)[] };
  const behaviour = { acknowledge: true };
  let commands = 0;
  let port = 0;
  let server: Server;

  async function enrol(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    const { token } = JSON.parse(text) as { token: string };
    if (token !== goodToken) return void res.writeHead(401).end('{"error":"unknown token"}');
    seen.enrolments++;
    const credential = `wk_${seen.enrolments}`;
    credentials.add(credential);
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ workerId: 'w-1', credential }));
  }

  function receive(link: WebSocket, message: WorkerMessage): void {
    messages.push(message);
    if (message.type === 'answer') answers.set(message.id, message);
    if (message.type !== 'report') return;
    reports.push(message);
    if (behaviour.acknowledge) link.send(JSON.stringify({ type: 'acknowledge', numbers: [message.number] }));
  }

  async function listen(): Promise<void> {
    server = createServer((req, res) => {
      if (req.url === '/v1/workers/enrol') return void enrol(req, res);
      const build = /^\/v1\/workers\/builds\/([^/]+)\/context$/.exec(req.url ?? '')?.[1];
      seen.contextCredentials.push(req.headers.authorization);
      const answer = build === undefined ? undefined : contexts.get(build);
      if (answer) answer(res);
      else res.writeHead(404).end();
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (req, socket, head) => {
      seen.dials++;
      const credential = req.headers.authorization?.replace('Bearer ', '') ?? '';
      if (!credentials.has(credential)) {
        seen.refusals++;
        return void socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      }
      sockets.handleUpgrade(req, socket, head, (link) => {
        links.push(link);
        link.on('message', (data) => receive(link, JSON.parse(String(data)) as WorkerMessage));
        const hopPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
        const welcome = { type: 'welcome', version: 1, workerId: 'w-1', installationId: 'inst-1', hopPublicKey };
        link.send(JSON.stringify(welcome));
      });
    });
    // Where it comes back to its port, a connection of another process may have that for a while.
    const open = () =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(port, '127.0.0.1', () => resolve(void server.off('error', reject)));
      });
    await vi.waitFor(open, { interval: 50 });
    ({ port } = server.address() as AddressInfo);
  }

  async function stop(): Promise<void> {
    for (const link of links) link.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  const newest = () => {
    const link = links.at(-1);
    if (!link) throw new Error('no worker is linked');
    return link;
  };
  const observed = () => messages.findLast((message) => message.type === 'observed');
  const instance = (id: string) => observed()?.instances.find(({ instanceId }) => instanceId === id);
  const reportsOf = <T extends Report['type']>(type: T): ReportOf<T>[] =>
    reports.map(({ report }) => report).filter((report): report is ReportOf<T> => report.type === type);

  await listen();
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    behaviour,
    messages,
    reports,
    contexts,
    links,
    reportsOf,
    instance,
    /** Sends a command on the newest link and resolves with its answer. */
    async command(command: Command): Promise<Answer> {
      const id = `c-${++commands}`;
      newest().send(JSON.stringify({ type: 'command', id, command }));
      return vi.waitFor(() => {
        const answer = answers.get(id);
        if (!answer) throw new Error(`no answer to ${command.do}`);
        return answer;
      }, waiting);
    },
    /** Sends a command that may never be answered. */
    tell(command: Command): void {
      newest().send(JSON.stringify({ type: 'command', id: `c-${++commands}`, command }));
    },
    /** The last observed state of the instance, once it is this. */
    whenObserved: (id: string, state: ObservedInstance['state'] | undefined): Promise<ObservedInstance | undefined> =>
      vi.waitFor(() => {
        const found = instance(id);
        if (!observed() || found?.state !== state) throw new Error(`${id} is ${found?.state}, not ${state}`);
        return found;
      }, waiting),
    /** The same of a state that may be over by the time that it is looked for; since the worker was started last. */
    whenPassed: (id: string, state: ObservedInstance['state']): Promise<ObservedInstance> =>
      vi.waitFor(() => {
        const told = messages.flatMap((message) => (message.type === 'observed' ? message.instances : []));
        const found = told.find((one) => one.instanceId === id && one.state === state);
        if (!found) throw new Error(`${id} has not been ${state}`);
        return found;
      }, waiting),
    /** The first `count` reports of the kind that match. */
    whenReported: <T extends Report['type']>(
      type: T,
      matches: (report: ReportOf<T>) => boolean = () => true,
      count = 1,
    ): Promise<ReportOf<T>[]> =>
      vi.waitFor(() => {
        const found = reportsOf(type).filter(matches);
        if (found.length < count) throw new Error(`${found.length} of ${count} ${type} reports`);
        return found;
      }, waiting),
    acknowledge(numbers: number[]): void {
      newest().send(JSON.stringify({ type: 'acknowledge', numbers }));
    },
    hop(claims: Partial<HopClaims> & Pick<HopClaims, 'instanceId' | 'sessionId'>, key = privateKey): string {
      const full = { epoch: 1, expires: Math.floor(Date.now() / 1000) + 30, ...claims };
      const body = Buffer.from(JSON.stringify(full)).toString('base64url');
      return `${body}.${sign(null, Buffer.from(body), key).toString('base64url')}`;
    },
    /** No credential is known any more, as after a loss of the database. */
    forgetCredentials: () => credentials.clear(),
    /** Breaks all links; the worker dials again. */
    drop(): void {
      for (const link of links) link.terminate();
    },
    stop,
    /** Listens again where it did. */
    start: listen,
  };
}
export type FakeControl = Awaited<ReturnType<typeof startFakeControl>>;
