import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

const namesOf = async ({ api, org }: Track, set: string) => {
  const { secrets } = await api.getSecretSet(org, set);
  return secrets.map(({ fieldName }) => fieldName).sort();
};
const isGone = async ({ api, org }: Track, set: string) =>
  (await api.listSecretSets(org)).sets.every(({ name }) => name !== set);
const confirm = (question: string) => ({ answers: [[question, 'y']] }) as const;

export const secretSteps: readonly Step[] = [
  [
    'secrets set',
    async (track) => {
      const set = ['secrets', 'set', 'bot-secrets'];
      const made = await track.ok([...set, 'FIRST=one', 'SECOND=two words', '--skip', '--region', 'us-west']);
      expect(made).toContain("Secret set 'bot-secrets' created successfully in us-west");
      expect(await namesOf(track, 'bot-secrets')).toEqual(['FIRST', 'SECOND']);
      if (!track.thorough) return;
      writeFileSync(join(track.folder, 'more.env'), '# a remark\n\nTHIRD="3"\n');
      const more = await track.ok([...set, '--file', 'more.env', '--skip'], { cwd: track.folder });
      expect(more).toContain("Secret set 'bot-secrets' modified successfully");
      const answers = [
        ['proceed with these secrets', 'y'],
        ['will be overwritten', 'y'],
      ] as const;
      const changed = await track.ok([...set, 'FIRST=uno'], { answers });
      expect(changed).toContain("Secret set 'bot-secrets' modified successfully");
      expect(await namesOf(track, 'bot-secrets')).toEqual(['FIRST', 'SECOND', 'THIRD']);
      expect(await track.fails(['secrets', 'set', 'Upper_Case', 'A=b', '--skip'])).toContain(
        "'Upper_Case' cannot be the name of a secret set",
      );
      expect(await track.fails([...set, 'A=b', '--skip', '--region', 'mars'])).toContain("Invalid region 'mars'");
    },
  ],
  [
    'secrets list',
    async (track) => {
      expect(await track.ok(['secrets', 'list'])).toContain('bot-secrets us-west');
      const one = await track.ok(['secrets', 'list', 'bot-secrets']);
      expect(one).toContain((await namesOf(track, 'bot-secrets')).join(' '));
      expect(one).not.toContain('two words');
      if (!track.thorough) return;
      expect(await track.ok(['secrets', 'list', '--sets', '--region', 'us-west'])).toContain('bot-secrets');
      expect(await track.fails(['secrets', 'list', 'no-such-set'])).toContain('No secrets sets with name');
    },
  ],
  [
    'secrets unset',
    async (track) => {
      const unset = ['secrets', 'unset', 'bot-secrets'];
      expect(await track.ok([...unset, 'SECOND', '--skip'])).toContain("Secret 'SECOND' deleted successfully");
      expect(await namesOf(track, 'bot-secrets')).not.toContain('SECOND');
      if (!track.thorough) return;
      expect(await track.ok([...unset, 'THIRD'], confirm('Are you sure'))).toContain('deleted successfully');
      expect(await namesOf(track, 'bot-secrets')).toEqual(['FIRST']);
      expect(await track.fails([...unset, 'SECOND', '--skip'])).toContain("Key not found in set 'bot-secrets'");
    },
  ],
  [
    'secrets image-pull-secret',
    async (track) => {
      const pull = ['secrets', 'image-pull-secret', 'pull-secrets', 'https://registry.example.com'];
      const options = ['--skip', '--encode', '--region', 'us-west'];
      expect(await track.ok([...pull, 'ann:first word', ...options])).toContain('created successfully');
      const { sets } = await track.api.listSecretSets(track.org);
      expect(sets).toContainEqual(expect.objectContaining({ name: 'pull-secrets', type: 'imagePullSecret' }));
      if (!track.thorough) return;
      const answers = [
        ['Username for image repository', 'ann\r'],
        ['Access token for image repository', 'second word\r'],
        ['already exists. Update it?', 'y'],
      ] as const;
      expect(await track.ok(pull, { answers })).toContain('updated successfully');
      expect(await track.ok(['secrets', 'list'])).toMatch(/pull-secrets us-west/);
    },
  ],
];

/** At the end, when no agent uses them. */
export const lastSecretSteps: readonly Step[] = [
  [
    'secrets delete',
    async (track) => {
      const remove = ['secrets', 'delete'];
      expect(await track.ok([...remove, 'pull-secrets', '--skip'])).toContain("Secret set 'pull-secrets' deleted");
      expect(await isGone(track, 'pull-secrets')).toBe(true);
      if (!track.thorough) return;
      expect(await track.ok([...remove, 'bot-secrets'], confirm('Are you sure'))).toContain('deleted successfully');
      expect(await isGone(track, 'bot-secrets')).toBe(true);
      expect(await track.fails([...remove, 'bot-secrets', '--skip'])).toContain('No set found with name');
    },
  ],
];
