import { permissions } from '@pipecat-cloud/contract/permissions';
import { expect, test } from 'vitest';
import { sentenceOf } from './grant-words';
import { permissionGroups } from './permission-words';

const you = { kind: 'you' } as const;

test('what a token will be able to do, in a sentence', () => {
  expect(sentenceOf({}, you)).toBe(
    'It will be able to do everything that you can do in all your organizations, also those that you join later. It will not make and end other tokens or read the Daily key.',
  );
  expect(
    sentenceOf(
      {
        permissions: ['agents:deploy', 'logs:read'],
        organizations: ['acme'],
        agents: ['echo'],
        networks: ['10.0.0.0/8', '::1'],
      },
      you,
    ),
  ).toBe(
    'It will be able to deploy agents and read logs in acme, for the agent echo alone, and only from 10.0.0.0/8 or ::1.',
  );
  expect(sentenceOf({ permissions: [] }, you)).toContain('nothing but say who it is');
  expect(sentenceOf({}, { kind: 'serviceAccount', name: 'ci', organization: 'acme' })).toContain(
    'the role of ci allows in acme',
  );
  expect(sentenceOf({}, { kind: 'parent', name: 'Laptop' })).toContain('what “Laptop” can do');
  expect(sentenceOf({ agents: ['echo'] }, you)).toContain('beyond single agents is left out');
});

test('every permission can be picked, once', () => {
  expect(permissionGroups.flatMap((group) => group.permissions).toSorted()).toEqual([...permissions].toSorted());
});
