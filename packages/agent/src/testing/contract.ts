import { describe } from 'vitest';
import type { AgentCommand } from './agent-process.js';
import { lifetimeRules } from './contract-lifetime.js';
import { plainSessionRules } from './contract-plain.js';
import { socketSessionRules } from './contract-socket.js';

const NOTHING: AgentCommand = { argv: [''], cwd: '' };

/** The agent container contract (contract §9). Every base passes all of it with the contract bot. */
export function describeAgent(name: string, command: AgentCommand | { skipped: string }): void {
  const [title, start] = 'skipped' in command ? [`${name} (skipped: ${command.skipped})`, NOTHING] : [name, command];
  describe.skipIf('skipped' in command)(`agent: ${title}`, () => {
    plainSessionRules(start);
    socketSessionRules(start);
    lifetimeRules(start);
  });
}
