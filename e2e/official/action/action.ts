import { setTimeout as sleep } from 'node:timers/promises';
import { createActionApi, type Json } from './api.js';
import { packContext } from './context.js';

export interface ActionInputs {
  apiUrl: string;
  apiKey: string;
  agentName: string;
  /** A folder, for a cloud build; or an image. */
  buildContext?: string;
  image?: string;
  region?: string;
  secretSet?: string;
  imageCredentials?: string;
  agentProfile?: string;
  enableManagedKeys?: boolean;
  minAgents?: number;
  maxAgents?: number;
  waitTimeoutSeconds?: number;
  /** 5 s in the Action; shorter, so that the server is asked sooner after a deployment than the Action would. */
  pollMs?: number;
}

export interface ActionRun {
  buildId: string | undefined;
  /** How the build was come by. */
  build: 'none' | 'found' | 'cached' | 'built';
  updated: boolean;
  /** What creating or updating was answered with, and the agent once it was ready. */
  deployed: Json;
  ready: Json;
  polls: number;
}

const dockerfile = 'Dockerfile';
const toleratedErrors = 5;

/** Does what the GitHub Action does, request by request (contract §7, §10, §11.3). Throws the text that the job fails with. */
export async function runAction(inputs: ActionInputs): Promise<ActionRun> {
  const { agentName, image, region, pollMs = 300 } = inputs;
  const api = createActionApi(inputs.apiUrl, inputs.apiKey);
  const place = region ? { region } : {};

  async function obtainBuild(folder: string): Promise<Pick<ActionRun, 'build' | 'buildId'>> {
    const { tarball, hash } = packContext(folder);
    const query = { contextHash: hash, dockerfilePath: dockerfile, ...place, status: 'success', limit: '1' };
    const { builds } = await api.builds(query).catch((): Json => ({}));
    const [found] = (builds ?? []) as Json[];
    if (found) return { build: 'found', buildId: found.id as string };
    const upload = await api.uploadUrl(place);
    await api.upload(tarball, upload);
    const answer = await api.build({ uploadId: upload.uploadId, dockerfilePath: dockerfile, ...place });
    const { id } = (answer.build ?? answer) as Json;
    if (answer.cached) return { build: 'cached', buildId: id as string };
    await waitForBuild(id as string);
    return { build: 'built', buildId: id as string };
  }

  async function waitForBuild(id: string): Promise<void> {
    for (let errors = 0; ; ) {
      await sleep(pollMs);
      let answer: Json;
      try {
        answer = await api.buildOf(id);
        errors = 0;
      } catch (error) {
        if (++errors >= toleratedErrors) throw error;
        continue;
      }
      const { status, errorMessage } = (answer.build ?? answer) as Json;
      if (status === undefined) throw new Error('Cloud build failed: Build not found');
      if (status === 'success') return;
      if (status === 'failed' || status === 'timeout') throw new Error(`Cloud build failed: ${errorMessage}`);
    }
  }

  async function waitUntilReady(): Promise<Pick<ActionRun, 'ready' | 'polls'>> {
    const attempts = Math.ceil(((inputs.waitTimeoutSeconds ?? 90) * 1000) / pollMs);
    for (let polls = 1; polls <= attempts; polls++) {
      await sleep(pollMs);
      const agent = await api.agent(agentName);
      const errors = (agent.errors ?? []) as Json[];
      if (errors.length > 0) {
        throw new Error(`Deployment errors: ${errors.map(({ code, message }) => `${code}: ${message}`).join('; ')}`);
      }
      const available = agent.available === true || agent.ready === true;
      if (available && agent.activeDeploymentReady === true) return { ready: agent, polls };
    }
    throw new Error('Deployment did not become ready in time');
  }

  const built = inputs.buildContext
    ? await obtainBuild(inputs.buildContext)
    : { build: 'none' as const, buildId: undefined };
  const updated = Object.keys(await api.agent(agentName)).length > 0;
  const source = built.buildId ? { buildId: built.buildId } : { image, imagePullSecretSet: inputs.imageCredentials };
  const body = withoutEmpty({
    serviceName: agentName,
    ...source,
    secretSet: inputs.secretSet,
    region,
    autoScaling: { minAgents: inputs.minAgents ?? 0, maxAgents: inputs.maxAgents ?? 10 },
    enableIntegratedKeysProxy: inputs.enableManagedKeys || undefined,
    agentProfile: inputs.agentProfile,
  });
  const deployed = updated ? await api.update(agentName, body) : await api.create(body);
  return { ...built, updated, deployed, ...(await waitUntilReady()) };
}

function withoutEmpty(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined && value !== ''));
}
