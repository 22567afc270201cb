import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../cloud.js';
import type { Resources } from '../resources.js';

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
