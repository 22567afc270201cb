import { expect, test } from 'vitest';
import { checkResources } from './resources.js';

test.each([
  [{ cpu: '500m', memory: '1Gi' }],
  [{ cpu: '2', memory: '4Gi' }],
  [{ cpu: '0.5', memory: '512M' }],
  [{ cpu: '1m', memory: '16Mi' }],
  [{ cpu: '512', memory: '8Ti' }],
])('%j is taken as it is written', (resources) => {
  expect(checkResources(resources)).toEqual(resources);
});

test('bare numbers, as files of official clients may hold them, become text', () => {
  expect(checkResources({ cpu: 2, memory: 1073741824 })).toEqual({ cpu: '2', memory: '1073741824' });
});

test.each([
  [{ cpu: 'two', memory: '1Gi' }, "resources.cpu is 'two', which is no Kubernetes quantity"],
  [{ cpu: '1', memory: '4GB' }, "resources.memory is '4GB', which is no Kubernetes quantity"],
  [{ cpu: '1', memory: '1 Gi' }, 'no Kubernetes quantity'],
  [{ cpu: '0', memory: '1Gi' }, 'it takes 1m to 512'],
  [{ cpu: '513', memory: '1Gi' }, 'it takes 1m to 512'],
  [{ cpu: '2k', memory: '1Gi' }, 'it takes 1m to 512'],
  [{ cpu: '1', memory: '4' }, 'a plain number means bytes'],
  [{ cpu: '1', memory: '15Mi' }, 'it takes 16Mi to 8Ti'],
  [{ cpu: '1', memory: '9Ti' }, 'it takes 16Mi to 8Ti'],
  [{ cpu: '1', memory: '1E' }, 'it takes 16Mi to 8Ti'],
  [{ cpu: `${'9'.repeat(30)}E`, memory: '1Gi' }, 'it takes 1m to 512'],
])('%j is refused with what is wrong and what to write', (resources, text) => {
  expect(() => checkResources(resources)).toThrow(text);
});
