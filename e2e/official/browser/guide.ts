import { readFileSync } from 'node:fs';
import { inRoot } from '../../src/support/paths.js';

export interface Filling {
  host: string;
  publicKey: string;
  agent?: string;
}

/** What stands in `docs/browser-clients.md`, as a reader takes it: with their own host, key and agent in it. */
export function readGuide() {
  const page = readFileSync(inRoot('docs/browser-clients.md'), 'utf8');

  function block(mark: string): string {
    const [, text] = new RegExp(`^\`\`\`\\w+ ${mark}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ?? [];
    if (text === undefined) throw new Error(`docs/browser-clients.md has no block '${mark}'`);
    return text;
  }

  return {
    block,
    filled(mark: string, { host, publicKey, agent = 'pipecat-echo' }: Filling): string {
      return block(mark)
        .replaceAll('https://cloud.example.com', host)
        .replaceAll('pk_…', publicKey)
        .replaceAll('pipecat-echo', agent);
    },
  };
}
