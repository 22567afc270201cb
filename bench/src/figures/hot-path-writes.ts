import { join } from 'node:path';
import { createCredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { compose } from '@pipecat-cloud/server/compose';
import { readConfig } from '@pipecat-cloud/server/config/config';
import { openKeys } from '@pipecat-cloud/server/config/keys';
import { pino } from 'pino';
import type { Figure, FigureContext } from '../figure.js';
import { countStatements, type StatementCount } from '../statements.js';
import { spreadOf } from '../statistics.js';
import { storeTokens } from './own-tokens.js';

const rounds = 8;
const requestsEach = 10_000;
const storedTokens = 100;
const batch = 50;
const organization = 'bench';
const paths = ['/v1/users', '/v1/tokens/self', '/v1/organizations', `/v1/organizations/${organization}/services`];

/** Writes that only the batch of last uses makes. */
const isLastUse = (statement: string) => /^update "(token|api_key)" set "last_used_at"/.test(statement);

/** Statements that write while authenticated requests are served by a whole control plane on SQLite, in this process. */
export const hotPathWrites: Figure = {
  name: 'hot-path-writes',
  about: 'SQL statements that write, per 10,000 authenticated requests',
  async measure(context) {
    const { resources, progress } = context;
    const counter = countStatements();
    resources.onClose(counter.stop);
    const request = await startControlPlane(context);
    const serve = async () => {
      for (let index = 0; index < requestsEach; index++) {
        await request(index);
        // Requests that never touch the network leave timers no turn, such as those that write last uses.
        if (index % batch === 0) await new Promise(setImmediate);
      }
    };
    progress('warming up');
    await serve();
    counter.take();
    const onPath: number[] = [];
    const lastUses: number[] = [];
    const reads: number[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      const began = performance.now();
      await serve();
      const count = counter.take();
      const seconds = (performance.now() - began) / 1000;
      onPath.push(writesOf(count, (statement) => !isLastUse(statement)));
      lastUses.push(writesOf(count, isLastUse) / (requestsEach / 1000));
      reads.push(count.reads / requestsEach);
      progress(`${Math.round(requestsEach / seconds)} requests/s`);
    }
    const note = `of ${requestsEach.toLocaleString('en')} requests with ${storedTokens} tokens on ${paths.length} routes, ${spreadOf(reads).median} reads each`;
    const batched =
      'statements per 1,000 requests: one a token used, in one transaction every five seconds, whatever the load';
    return [
      { name: 'hot-path-writes', ...of(onPath), unit: 'statements', goal: { kind: 'atMost', value: 0 }, note },
      {
        name: 'last-use-writes',
        ...of(lastUses),
        value: sum(lastUses) / rounds,
        unit: 'statements',
        goal: null,
        note: batched,
      },
    ];
  },
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function of(values: readonly number[]) {
  const { median, min, max } = spreadOf(values);
  // The largest round decides: a write in one of them is a write.
  return { value: Math.max(median, max), min, max, rounds };
}

function writesOf({ writes }: StatementCount, counts: (statement: string) => boolean): number {
  return [...writes].reduce((sum, [statement, times]) => (counts(statement) ? sum + times : sum), 0);
}

/** Resolves with a function that sends the request of that number and throws unless it is answered with 200. */
async function startControlPlane({ resources }: FigureContext): Promise<(index: number) => Promise<void>> {
  const folder = await resources.folder('hot-path-writes');
  const config = readConfig({
    PORT: '0',
    PIPECAT_CLOUD_DATA_DIR: folder,
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'bench@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: organization,
  });
  const keys = await openKeys(join(folder, 'keys.json'));
  const { http, store, close } = await compose(config, keys, pino({ enabled: false }));
  resources.onClose(close);
  const { tokens, userId } = await storeTokens(store, createCredentialDigests(keys.peppers), storedTokens);
  const owner = await store.organizations.findByName(organization);
  if (!owner) throw new Error('There is no organization');
  await store.organizations.addMember(owner.id, userId, 'developer', new Date());
  return async (index) => {
    const url = paths[index % paths.length] as string;
    const authorization = `Bearer ${tokens[index % tokens.length]}`;
    const { statusCode, body } = await http.inject({ method: 'GET', url, headers: { authorization } });
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${body}`);
  };
}
