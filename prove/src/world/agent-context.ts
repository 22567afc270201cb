import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './paths.js';
import type { Tenant } from './tenants.js';
import { until } from './wait.js';

export interface AgentProgram {
  agent: string;
  version: string;
  /** Where it tells what it sees: a folder, or `tcp://host:port`. */
  sink: string;
  /** Ends before it ever answers. */
  broken: boolean;
}

/** Uploads and builds the prover's own agent for one tenant; resolves to the build. */
export async function buildAgent(folder: string, tenant: Tenant, program: AgentProgram): Promise<string> {
  const context = join(folder, `context-${tenant.name}-${program.agent}-${program.version}`);
  mkdirSync(context, { recursive: true });
  cpSync(inRoot('prove/agent/bot.mjs'), join(context, 'bot.mjs'));
  writeFileSync(join(context, 'prove.json'), JSON.stringify({ organization: tenant.name, ...program }));
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
