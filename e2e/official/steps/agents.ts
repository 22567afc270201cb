import { join } from 'node:path';
import { expect } from 'vitest';
import { until } from '../../src/support/wait.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

const sessionsOf = async ({ api, org }: Track) => (await api.listSessions(org, 'bot')).sessions;
const newSession = async (track: Track, before: readonly { sessionId: string }[]) => {
  const known = new Set(before.map(({ sessionId }) => sessionId));
  const made = (await sessionsOf(track)).filter(({ sessionId }) => !known.has(sessionId));
  expect(made).toHaveLength(1);
  return made[0]?.sessionId ?? '';
};
const fromFile = ({ folder }: Track) => ['--config-file', join(folder, 'pcc-deploy.toml')];
const yes = (question: string) => [[question, 'y']] as const;

export const agentSteps: readonly Step[] = [
  [
    'agent list',
    async (track) => {
      const bot = await track.api.getService(track.org, 'bot');
      const row = `bot us-west ${bot.id} ${bot.activeDeploymentId}`;
      expect(await track.ok(['agent', 'list'])).toContain(row);
      if (!track.thorough) return;
      expect(await track.ok(['agent', 'list', '--region', 'us-west', '-o', track.org])).toContain(row);
      expect(await track.fails(['agent', 'list', '--region', 'mars'])).toContain("Invalid region 'mars'");
    },
  ],
  [
    'agent status',
    async (track) => {
      const bot = await track.api.getService(track.org, 'bot');
      const text = await track.ok(['agent', 'status', 'bot']);
      expect(text).toMatch(/Active Session Count: 0/);
      expect(text).toContain(`Active Deployment ID: ${bot.activeDeploymentId}`);
      expect(text).toMatch(/Agent Profile: agent-1x/);
      expect(text).toMatch(track.version === '0.6.0' ? /Ready Current \(\w{8}\) Active/ : /Ready: True/);
      if (!track.thorough) return;
      expect(await track.fails(['agent', 'status', 'nobody'])).toContain(
        "No deployment data found for agent with name 'nobody'",
      );
    },
  ],
  [
    'agent deployments',
    async (track) => {
      const text = await track.ok(['agent', 'deployments', 'bot']);
      for (const { id } of (await track.api.listDeployments(track.org, 'bot')).deployments) expect(text).toContain(id);
      if (!track.thorough) return;
      expect(await track.fails(['agent', 'deployments', 'nobody'])).toContain('404');
    },
  ],
  [
    'agent start',
    async (track) => {
      const { firstKey = '' } = track.known;
      const before = await sessionsOf(track);
      const data = JSON.stringify({ caller: 'ann', seconds: 3600 });
      const text = await track.ok(['agent', 'start', 'bot', '--api-key', firstKey, '--data', data, '--force']);
      expect(text).toContain("Agent 'bot' started successfully");
      track.known.session = await newSession(track, before);
      if (track.version !== '0.6.0') expect(text).toContain(`Session ID: ${track.known.session}`);
      if (!track.thorough) return;

      // From the file, with the key that was made the default one.
      const between = await sessionsOf(track);
      const asked = await track.ok(['agent', 'start', ...fromFile(track)], { answers: yes('Are you sure') });
      expect(asked).toContain("Agent 'bot' started successfully");
      track.known.other = await newSession(track, between);

      const wrong = await track.fails([
        'agent',
        'start',
        'bot',
        '--api-key',
        `${firstKey.slice(0, -4)}0000`,
        '--force',
      ]);
      expect(wrong).toContain('Unauthorized');
      const full = await track.fails(['agent', 'start', 'bot', '--force']);
      expect(full).toContain('Error - 429');
    },
  ],
  [
    'agent sessions',
    async (track) => {
      const { session = '', other = '' } = track.known;
      expect(await track.ok(['agent', 'sessions', 'bot'])).toMatch(new RegExp(`${session} \\d{4}-`));
      const one = await track.ok(['agent', 'sessions', '--id', session, ...fromFile(track)]);
      expect(one).toContain(`Session ID: ${session}`);
      if (!track.thorough) return;
      expect(await track.ok(['agent', 'sessions', 'bot'])).toContain(other);
      expect(one).not.toContain(other);
      if (track.version !== '0.6.0') {
        expect(await track.ok(['agent', 'sessions', 'bot', '--end-state', 'active'])).toContain(session);
        expect(await track.ok(['agent', 'sessions', 'bot', '--end-state', 'completed'])).not.toContain(session);
      }
      expect(await track.fails(['agent', 'sessions', 'bot', '--id', crypto.randomUUID()])).toMatch(/not found/);
    },
  ],
  [
    'agent logs',
    async (track) => {
      const { session = '', deployment = '' } = track.known;
      const said = "The body has ['caller', 'seconds']";
      const text = await until('the line is in the log', async () => {
        const { text: shown } = await track.run(['agent', 'logs', 'bot', '--session-id', session]);
        return shown.includes(said) && shown;
      });
      expect(text).not.toContain('Agent listening');
      if (!track.thorough) return;
      const json = await track.ok(['agent', 'logs', 'bot', '-s', session, '--format', 'JSON', '--limit', '50']);
      expect(json).toMatch(/\{"timestamp": "[^"]+", "log": "[^}]*The body has/);
      expect(await track.ok(['agent', 'logs', 'bot', '--level', 'INFO'])).toContain('Agent listening');
      expect(await track.ok(['agent', 'logs', 'bot', '--deployment', deployment])).not.toContain(said);
      expect(await track.fails(['agent', 'logs', 'nobody'])).toContain('No logs found');
    },
  ],
  [
    'agent stop',
    async (track) => {
      const { session = '', other = '' } = track.known;
      const stop = ['agent', 'stop', 'bot', '--session-id'];
      expect(await track.ok([...stop, session, '--force'])).toContain(`Session '${session}' stopped successfully`);
      const isOver = async (id: string) => (await track.api.getSession(track.org, 'bot', id)).endedAt !== null;
      expect(await isOver(session)).toBe(true);
      if (!track.thorough) return;
      const asked = await track.ok(['agent', 'stop', '-s', other, ...fromFile(track)], {
        answers: yes('Are you sure'),
      });
      expect(asked).toContain('stopped successfully');
      expect(await isOver(other)).toBe(true);
    },
  ],
  [
    'agent scale',
    async (track) => {
      expect((await track.run(['agent', 'scale'])).text).toContain('Not implemented');
      return { instead: 'prints "Not implemented", which is all that this version does' };
    },
  ],
];

export const lastAgentSteps: readonly Step[] = [
  [
    'agent delete',
    async (track) => {
      if (!track.thorough) {
        expect(await track.ok(['agent', 'delete', 'bot', '--force'])).toContain("Agent 'bot' deleted successfully");
        expect((await track.api.listServices(track.org)).services).toEqual([]);
        return;
      }
      expect(await track.ok(['agent', 'delete', 'from-image', '--force'])).toContain("'from-image' deleted");
      const asked = await track.ok(['agent', 'delete', 'bot'], { answers: yes('Are you sure') });
      expect(asked).toContain("Agent 'bot' deleted successfully");
      expect((await track.api.listServices(track.org)).services).toEqual([]);
      expect(await track.fails(['agent', 'delete', 'bot', '--force'])).toContain("'bot' not found");
      expect(await track.fails(['agent', 'list'])).toContain('No agents found');
    },
  ],
];
