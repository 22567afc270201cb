import { expect, test } from 'vitest';
import type { DeploymentSettings } from './deployment-repository.js';
import { needsDeployment } from './deployment-settings.js';

const settings: DeploymentSettings = {
  ...{ image: 'bot:1', buildId: null, secretSet: null, imagePullSecretSet: null },
  ...{ profile: 'agent-1x', cpu: '500m', memory: '1Gi', architecture: null },
  ...{ maxSessionSeconds: null, krispAudioFilter: null },
};
const current = { ...settings, phase: 'Active' } as const;

// Contract §11.1, and what newer clients may set besides (§13).
const changes: { [name in keyof DeploymentSettings]-?: DeploymentSettings[name] } = {
  ...{ image: 'bot:2', buildId: 'build-1', secretSet: 'keys', imagePullSecretSet: 'registry' },
  ...{ profile: 'agent-2x', cpu: '1', memory: '2Gi', architecture: 'arm64' },
  ...{ maxSessionSeconds: 300, krispAudioFilter: 'tel' },
};

test('the same settings make no new deployment', () => {
  expect(needsDeployment(current, { ...settings }, { serviceName: 'bot' })).toBe(false);
});

test.each(Object.entries(changes))('another %s makes a new deployment', (name, value) => {
  expect(needsDeployment(current, { ...settings, [name]: value }, { serviceName: 'bot' })).toBe(true);
});
