import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from './config.js';

const oidc = {
  PIPECAT_CLOUD_OIDC_ISSUER: 'https://id.example.com/realms/acme',
  PIPECAT_CLOUD_OIDC_CLIENT_ID: 'pipecat',
};

test('by default there are neither passwords nor an outside provider', () => {
  expect(readConfig({}).signIn).toEqual({ passwords: false, oidc: undefined });
});

test('a provider needs its issuer and a client id; the rest has defaults', () => {
  expect(readConfig({ ...oidc, PIPECAT_CLOUD_PASSWORDS: 'on' }).signIn).toEqual({
    passwords: true,
    oidc: {
      issuer: oidc.PIPECAT_CLOUD_OIDC_ISSUER,
      clientId: 'pipecat',
      clientSecret: undefined,
      label: 'single sign-on',
      scopes: 'openid email profile',
      allowedDomains: [],
      requiredClaim: undefined,
      newPeople: undefined,
      secondFactorAcr: [],
    },
  });
});

test('lists, a claim and where new people go', () => {
  const { signIn } = readConfig({
    ...oidc,
    PIPECAT_CLOUD_OIDC_ALLOWED_DOMAINS: 'Acme.example, bolt.example',
    PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM: 'groups=a=b',
    PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG: 'acme',
    PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE: 'developer',
    PIPECAT_CLOUD_OIDC_SECOND_FACTOR_ACR: 'urn:gold urn:silver',
  });
  expect(signIn.oidc).toMatchObject({
    allowedDomains: ['acme.example', 'bolt.example'],
    requiredClaim: { name: 'groups', value: 'a=b' },
    newPeople: { organization: 'acme', role: 'developer' },
    secondFactorAcr: ['urn:gold', 'urn:silver'],
  });
});

test('the secret comes from the variable or from a file, and is in no printed configuration', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pipecat-cloud-config-'));
  try {
    const file = join(directory, 'secret');
    await writeFile(file, 'of the file\n');
    const fromFile = readConfig({ ...oidc, PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE: file });
    const fromVariable = readConfig({ ...oidc, PIPECAT_CLOUD_OIDC_CLIENT_SECRET: 'of the variable' });
    expect(await fromFile.signIn.oidc?.clientSecret?.()).toBe('of the file');
    expect(await fromVariable.signIn.oidc?.clientSecret?.()).toBe('of the variable');
    expect(JSON.stringify(fromVariable)).not.toContain('of the variable');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.each([
  [{ PIPECAT_CLOUD_PASSWORDS: 'yes' }, 'PIPECAT_CLOUD_PASSWORDS'],
  [{ PIPECAT_CLOUD_OIDC_ISSUER: 'http://id.example.com' }, 'PIPECAT_CLOUD_OIDC_ISSUER'],
  [{ PIPECAT_CLOUD_OIDC_ISSUER: 'https://id.example.com/?x=1' }, 'PIPECAT_CLOUD_OIDC_ISSUER'],
  [{ PIPECAT_CLOUD_OIDC_CLIENT_ID: '' }, 'PIPECAT_CLOUD_OIDC_CLIENT_ID'],
  [{ PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM: 'groups' }, 'PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM'],
  [{ PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG: 'Acme Inc' }, 'PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG'],
  [{ PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE: 'owner' }, 'PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE'],
  [
    { PIPECAT_CLOUD_OIDC_CLIENT_SECRET: 'hush-hush', PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE: '/x' },
    'PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE',
  ],
])('%o stops the start, naming the variable', (wrong, variable) => {
  expect(() => readConfig({ ...oidc, ...wrong })).toThrow(variable);
  expect(() => readConfig({ ...oidc, ...wrong })).not.toThrow('hush-hush');
});
