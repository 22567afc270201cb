import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../cloud.js';
import { plainEnvironment } from '../environment.js';
import { freePort } from '../ports.js';
import { stopChild } from '../processes.js';
import type { Resources } from '../resources.js';
import { until } from '../wait.js';

/**
 * An agent without a library that writes log lines at a steady pace while it holds a session: `bytesPerSecond` for `seconds`, in lines of
 * 200 bytes, and ten times a second a line that says when it was written.
 */
const logWriter = `
import { createServer } from 'node:http';
const line = 'x'.repeat(150);
createServer((request, response) => {
  if (request.method !== 'POST') return response.end('{}');
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const { bytesPerSecond = 0, seconds = 1 } = JSON.parse(body || '{}');
    const began = performance.now();
    let written = 0;
    let stamped = 0;
    const timer = setInterval(() => {
      const past = (performance.now() - began) / 1000;
      let text = '';
      while (written < past * bytesPerSecond) {
        const head = String(written).padStart(12, '0') + ' | INFO     | writer:write:1 | ';
        text += (head + line).slice(0, 199) + '\\n';
        written += 200;
      }
      if (past * 10 > stamped) { stamped++; text += 'stamp ' + Date.now() + '\\n'; }
      if (text) process.stdout.write(text);
      if (past >= seconds) { clearInterval(timer); response.end('{}'); }
    }, 10);
  });
}).listen(process.env.PORT);
`;

/** Deploys it as `writer`; resolves once that many instances are ready. */
export async function deployWriter(resources: Resources, cloud: Cloud, instances: number): Promise<void> {
  const folder = await resources.folder('writer');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'server.mjs'), logWriter);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM node:24\nCOPY . .\nCMD ["node", "server.mjs"]\n');
  writeFileSync(join(folder, 'pcc-deploy.toml'), 'agent_name = "writer"\n[local]\ncommand = ["node", "server.mjs"]\n');
  await cloud.deploy(folder, 'writer', instances);
}

/** What a session of the writer is started with. */
export interface Writing {
  bytesPerSecond: number;
  seconds: number;
}

/**
 * The same program that nobody collects from: each writes to a file of its own, as an instance does. Resolves once all answer, to what
 * has each write at the same time.
 */
export async function startUncollectedWriters(
  resources: Resources,
  count: number,
): Promise<(writing: Writing) => Promise<void>> {
  const folder = await resources.folder('uncollected-writer');
  writeFileSync(join(folder, 'server.mjs'), logWriter);
  const addresses: string[] = [];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    const output = openSync(join(folder, `output-${index}`), 'a', 0o600);
    const env = plainEnvironment({ PORT: String(port) });
    const child = spawn(process.execPath, ['server.mjs'], {
      cwd: folder,
      env,
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    resources.onClose(() => stopChild(child));
    addresses.push(`http://127.0.0.1:${port}`);
  }
  for (const address of addresses)
    await until(`a writer answers at ${address}`, () =>
      fetch(address).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  return async (writing) => {
    const body = JSON.stringify(writing);
    await Promise.all(addresses.map(async (address) => (await fetch(address, { method: 'POST', body })).text()));
  };
}
