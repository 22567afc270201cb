import { AgentStartError, Session, type SessionParams } from '@pipecat-cloud/contract/session';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, sessionOf } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { run } from './support/processes.js';

// `Session` of the contract beside `pipecatcloud.Session`: the same questions to the same server, and what both make of the answers.

let cloud: Cloud;
let cli: Cli;
let key: string;
beforeAll(async () => {
  cloud = await startCloud();
  cli = createCli({ token: cloud.token(), port: cloud.port });
  await cli.ok(['deploy', '--yes'], { cwd: copyAgent('examples/echo') });
  key = (await cloud.client(cloud.token()).createApiKey('my-team', { name: 'k', type: 'public' })).key;
});
afterAll(cleanUp);

interface Question {
  agent: string;
  key: string;
  params: SessionParams;
}

/** The members of the answer, or the code and the text of the refusal. */
type Outcome = { members: string[] } | { code: string | null; message: string };

async function here({ agent, key: apiKey, params }: Question): Promise<Outcome> {
  const session = new Session(agent, apiKey, params, { apiHost: cloud.url });
  try {
    return { members: Object.keys(await session.start()).sort() };
  } catch (error) {
    if (!(error instanceof AgentStartError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const program = `
import asyncio, json, os, sys
from pipecatcloud import Session, SessionParams
from pipecatcloud.exception import AgentStartError

asked = json.load(sys.stdin)
async def main():
    params = asked["params"]
    session = Session(asked["agent"], asked["key"], SessionParams(data=params.get("data"), use_daily=params.get("useDaily")))
    try:
        print(json.dumps({"members": sorted(await session.start())}))
    except AgentStartError as error:
        print(json.dumps({"code": error.error_code, "message": error.message}))
asyncio.run(main())
`;

async function inPython(question: Question): Promise<Outcome> {
  const started = run(resources.newestOfficial ?? '', ['-c', program], {
    env: { PATH: process.env.PATH, PIPECAT_API_HOST: cloud.url, LOGURU_LEVEL: 'ERROR' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started.child.stdin?.end(JSON.stringify(question));
  expect(await started.ended, started.stderr()).toBe(0);
  return JSON.parse(started.stdout()) as Outcome;
}

test('starts a session that the agent knows of, with the data', async () => {
  const session = new Session('echo', key, { data: { seconds: 3600 } }, { apiHost: cloud.url });
  const { sessionId } = await session.start();
  expect(await sessionOf(cli, 'echo', sessionId)).toMatchObject({ sessionId, endedAt: null });
  await cli.ok(['agent', 'stop', 'echo', '--session-id', sessionId, '--force']);
});

describe.skipIf(missing('newestOfficial'))('has the outcome that the Python SDK has', () => {
  test.each<[string, Partial<Question>]>([
    ['a session', { params: { data: { seconds: 1 } } }],
    ['no data', {}],
    ['an agent that is not there', { agent: 'nobody' }],
    ['a key that is not known', { key: 'pk_nothing' }],
  ])('%s', async (_name, question) => {
    const asked: Question = { agent: 'echo', key, params: {}, ...question };
    expect(await here(asked)).toEqual(await inPython(asked));
  });

  test('no key, which neither asks the server about', async () => {
    const asked: Question = { agent: 'echo', key: '', params: {} };
    expect([await here(asked), await inPython(asked)]).toMatchObject([{ code: 'PCC-1002' }, { code: 'PCC-1002' }]);
  });
});
