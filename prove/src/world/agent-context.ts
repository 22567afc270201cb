import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './paths.js';
import type { Tenant } from './tenants.js';
import { until } from './wait.js';
import type { World } from './world.js';

export interface AgentProgram {
  agent: string;
  version: string;
  /** Ends before it ever answers. */
  broken: boolean;
}

/** What a deployment is made of. */
export type AgentSource = { buildId: string } | { image: string; resources: { cpu: string; memory: string } };

/** So little that a bot that takes all of it doesn't disturb the machine. */
const resources = { cpu: '500m', memory: '256Mi' };

/** An image that no registry gives out; nothing listens there. */
export const absentImage: AgentSource = { image: '127.0.0.1:1/prove/absent:1', resources };

/** Makes the prover's own agent ready to be deployed by one tenant: as an image where it runs in containers, else as a build. */
export async function prepareAgent(
  { folder, containers, recorder }: Pick<World, 'folder' | 'containers' | 'recorder'>,
  tenant: Tenant,
  program: AgentProgram,
): Promise<AgentSource> {
  const whole = { organization: tenant.name, sink: containers?.sink ?? recorder.agentFolder, ...program };
  if (!containers) return { buildId: await buildAgent(folder, tenant, whole) };
  return { image: await containers.image(`${tenant.name}-${program.agent}-${program.version}`, whole), resources };
}

async function buildAgent(folder: string, tenant: Tenant, program: AgentProgram): Promise<string> {
  const context = join(folder, `context-${tenant.name}-${program.agent}-${program.version}`);
  mkdirSync(context, { recursive: true });
  cpSync(inRoot('prove/agent/bot.mjs'), join(context, 'bot.mjs'));
  writeFileSync(join(context, 'prove.json'), JSON.stringify(program));
  writeFileSync(
    join(context, 'pcc-deploy.toml'),
    `agent_name = "${program.agent}"\n\n[local]\ncommand = ["node", "bot.mjs"]\n`,
  );
  const archive = `${context}.tar.gz`;
  execFileSync('tar', ['-czf', archive, '-C', context, '.']);

  const { client, name } = tenant;
  const { uploadId, uploadUrl, uploadFields } = await client.createUpload(name, {});
  const form = new FormData();
  for (const [field, value] of Object.entries(uploadFields)) form.append(field, value);
  form.append('file', new Blob([readFileSync(archive)]));
  const response = await fetch(uploadUrl, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`The upload was refused with ${response.status}: ${await response.text()}`);
  const { build } = await client.createBuild(name, { uploadId });
  await until(`build ${build.id} is done`, async () => {
    const { status, errorMessage } = await client.getBuild(name, build.id);
    if (status === 'failed' || status === 'timeout') throw new Error(errorMessage ?? status);
    return status === 'success';
  });
  return build.id;
}
