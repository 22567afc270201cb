import { expect, test } from 'vitest';
import { changesBetween } from './use-edits';

const stored = { role: 'viewer', description: '', places: ['here'] as readonly string[] };

test('only what was edited is sent, whatever else is stored by now', () => {
  expect(changesBetween(stored, {})).toEqual({});
  expect(changesBetween({ ...stored, role: 'admin' }, { description: 'Deploys' })).toEqual({ description: 'Deploys' });
});

test('what was edited back, or is stored by now, is no change', () => {
  expect(changesBetween(stored, { role: 'viewer', places: ['here'] })).toEqual({});
  expect(changesBetween(stored, { role: 'viewer', places: ['here', 'there'] })).toEqual({ places: ['here', 'there'] });
});
