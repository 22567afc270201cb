import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect } from 'vitest';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

/** The credentials file of a track. */
export const configFile = (track: Pick<Track, 'home'>) => join(track.home, '.config/pipecatcloud/pipecatcloud.toml');
export const configOf = (track: Track) => parse(readFileSync(configFile(track), 'utf8')) as Record<string, never>;

export const basics: readonly Step[] = [
  [
    '--version',
    async (track) => {
      expect(await track.ok(['--version'])).toContain(`Pipecat Cloud Client Version: ${track.version}`);
    },
  ],
  [
    '--show-cli-config',
    async (track) => {
      const text = await track.ok(['--show-cli-config'], { cwd: track.folder });
      expect(text).toContain(`'api_host': 'https://localhost:`);
      expect(text).toContain(`"secret_set": "bot-secrets"`);
      expect(text).not.toMatch(/pcc_[a-z_]+[0-9a-f]{16}/);
    },
  ],
  [
    'auth whoami',
    async (track) => {
      const text = await track.ok(['auth', 'whoami']);
      expect(text).toContain(`(${track.org})`);
      expect(text).toMatch(/Daily API Key N\/A/);
      expect(text).toContain(`Auth Method ${track.credential === 'login' ? 'OAuth' : 'PAT'}`);
      const who = track.credential === 'serviceAccount' ? 'serviceAccount/' : `owner@${track.org}.example`;
      expect(text).toContain(`User ${who}`);
      return track.credential === 'serviceAccount' ? 'shows the name of the service account' : undefined;
    },
  ],
  [
    'organizations list',
    async (track) => {
      expect(await track.ok(['organizations', 'list'])).toMatch(new RegExp(`${track.org} ${track.org}`));
    },
  ],
  [
    'organizations select',
    async (track) => {
      const shown = `Current organization set to ${track.org} (${track.org})`;
      expect(await track.ok(['organizations', 'select', '-o', track.org])).toContain(shown);
      expect(configOf(track).org).toBe(track.org);
      if (!track.thorough) return;
      const answers = [['Select default', '\r']] as const;
      expect(await track.ok(['organizations', 'select'], { answers })).toContain(shown);
      const foreign = await track.fails(['organizations', 'select', '-o', 'others']);
      expect(foreign).toMatch(/No organization with ID 'others'|Unable to find namespace 'others'/);
    },
  ],
  [
    'organizations default-region',
    async (track) => {
      const shown = await track.ok(['organizations', 'default-region']);
      expect(shown).toMatch(/Default region: us-west Available regions: us-west/);
      expect(await track.ok(['organizations', 'default-region', 'us-west'])).toContain('Default region set to us-west');
      if (!track.thorough) return;
      expect(await track.fails(['organizations', 'default-region', 'mars'])).toContain("'mars'");
    },
  ],
  [
    'organizations properties list',
    async (track) => {
      expect(await track.ok(['organizations', 'properties', 'list'])).toMatch(/Property Value defaultRegion us-west/);
    },
  ],
  [
    'organizations properties schema',
    async (track) => {
      const shown = await track.ok(['organizations', 'properties', 'schema', '-o', track.org]);
      expect(shown).toMatch(/defaultRegion string us-west us-west \S/);
    },
  ],
  [
    'organizations properties set',
    async (track) => {
      const set = ['organizations', 'properties', 'set'];
      expect(await track.ok([...set, 'defaultRegion', 'us-west'])).toContain('Property defaultRegion set to us-west');
      if (!track.thorough) return;
      expect(await track.fails([...set, 'colour', 'red'])).toContain('defaultRegion');
    },
  ],
  [
    'regions list',
    async (track) => {
      expect(await track.ok(['regions', 'list'])).toMatch(/Code Name .*us-west This machine/);
    },
  ],
];
