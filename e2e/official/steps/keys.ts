import { expect } from 'vitest';
import type { Step } from '../results.js';
import type { Track } from '../track.js';
import { configOf } from './basics.js';

const keys = ['organizations', 'keys'];
/** One line down in a list. */
const down = '\u001b[B';

const keyOf = async ({ api, org }: Track, name: string) => {
  const { public: all } = await api.listApiKeys(org);
  return all.find(({ metadata }) => metadata.name === name);
};
const defaultKeyOf = (track: Track) =>
  (configOf(track)[track.org] as unknown as Record<string, string>).default_public_key;

export const keySteps: readonly Step[] = [
  [
    'organizations keys create',
    async (track) => {
      const text = await track.ok([...keys, 'create', '--name', 'First key', '--default']);
      const first = await keyOf(track, 'First key');
      expect(text).toContain(first?.key);
      expect(defaultKeyOf(track)).toBe(first?.key);
      track.known.firstKey = first?.key ?? '';
      const answers = [
        ['human readable name', 'Second key\r'],
        ['make this key the default', 'n'],
      ] as const;
      await track.ok([...keys, 'create'], { answers });
      expect((await keyOf(track, 'Second key'))?.revoked).toBe(false);
      expect(defaultKeyOf(track)).toBe(first?.key);
    },
  ],
  [
    'organizations keys list',
    async (track) => {
      const text = await track.ok([...keys, 'list', '--organization', track.org]);
      expect(text).toMatch(new RegExp(`First key ${track.known.firstKey} \\S+ Active`));
      expect(text).toMatch(/Second key pk_\S+ \S+ Active/);
    },
  ],
  [
    'organizations keys use',
    async (track) => {
      // The newest stands first.
      const first = await track.ok([...keys, 'use'], { answers: [['Select API key to use', '\r']] });
      expect(first).toContain("API key with name: 'Second key' set as default");
      expect(defaultKeyOf(track)).toBe((await keyOf(track, 'Second key'))?.key);
      const second = await track.ok([...keys, 'use'], { answers: [['Select API key to use', `${down}\r`]] });
      expect(second).toContain("API key with name: 'First key' set as default");
      expect(defaultKeyOf(track)).toBe(track.known.firstKey);
    },
  ],
  [
    'organizations keys revoke',
    async (track) => {
      const text = await track.ok([...keys, 'revoke'], { answers: [['Select API key to revoke', '\r']] });
      const second = await keyOf(track, 'Second key');
      expect(text).toContain(`API key with ID: '${second?.id}' revoked successfully`);
      expect(second?.revoked).toBe(true);
      expect((await keyOf(track, 'First key'))?.revoked).toBe(false);
      expect(await track.ok([...keys, 'list'])).toMatch(/Second key \S+ \S+ Revoked/);
    },
  ],
];

export const oldKeySteps: readonly Step[] = [
  [
    'organizations keys delete',
    async (track) => {
      await track.ok([...keys, 'create', '--name', 'Third key', '--default']);
      const answers = [
        ['Select API key to revoke', '\r'],
        ['Are you sure', 'y'],
      ] as const;
      const text = await track.ok([...keys, 'delete'], { answers });
      expect(text).toContain("'delete' is deprecated");
      expect((await keyOf(track, 'Third key'))?.revoked).toBe(true);
    },
  ],
];
