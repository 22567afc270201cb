import { readFile } from 'node:fs/promises';
import { organizationNamePattern } from '@pipecat-cloud/contract/names';
import { type Role, roles } from '@pipecat-cloud/contract/permissions';
import type { VariableName } from './env.js';

export interface OidcConfig {
  /** As the provider writes it in its discovery document and ID tokens. */
  issuer: string;
  clientId: string;
  /** A function, so that the secret is not logged with the configuration. Undefined for a public client. */
  clientSecret: (() => Promise<string>) | undefined;
  /** "Sign in with <label>". */
  label: string;
  scopes: string;
  /** Lower case; empty for any. */
  allowedDomains: readonly string[];
  requiredClaim: { name: string; value: string } | undefined;
  /** Where people whom nobody knows yet are let in; undefined for nowhere. */
  newPeople: { organization: string; role: Role } | undefined;
  /** Values of `acr` that mean more than one factor, beside `mfa` in `amr`. */
  secondFactorAcr: readonly string[];
}
export interface SignInConfig {
  passwords: boolean;
  oidc: OidcConfig | undefined;
}

type Read = (name: VariableName) => string;
type Check = (name: VariableName, fine: boolean, wanted: string) => void;

/** The settings of signing in. `check` collects what is wrong. Opens nothing: the secret's file is read when it is needed. */
export function readSignInConfig(read: Read, check: Check): SignInConfig {
  const passwords = read('PIPECAT_CLOUD_PASSWORDS');
  check('PIPECAT_CLOUD_PASSWORDS', ['on', 'off'].includes(passwords), 'on or off');
  return { passwords: passwords === 'on', oidc: readOidc(read, check) };
}

function readOidc(read: Read, check: Check): OidcConfig | undefined {
  const issuer = read('PIPECAT_CLOUD_OIDC_ISSUER');
  if (!issuer) return undefined;
  check('PIPECAT_CLOUD_OIDC_ISSUER', isIssuer(issuer), 'an https:// address (http:// only on this machine)');
  const clientId = read('PIPECAT_CLOUD_OIDC_CLIENT_ID');
  check('PIPECAT_CLOUD_OIDC_CLIENT_ID', clientId !== '', 'the id that the provider gave this server');
  const [claim = '', value = ''] = split(read('PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM'), '=', 2);
  check(
    'PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM',
    (claim === '') === (value === ''),
    'name=value, such as groups=voice-team',
  );
  const organization = read('PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG');
  check(
    'PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG',
    !organization || new RegExp(organizationNamePattern).test(organization),
    "an organization's name",
  );
  const role = read('PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE');
  const givable = roles.filter((name) => name !== 'owner');
  check('PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE', (givable as string[]).includes(role), givable.join(', '));
  return {
    issuer,
    clientId,
    clientSecret: secretOf(read, check),
    label: read('PIPECAT_CLOUD_OIDC_LABEL').slice(0, 60),
    scopes: read('PIPECAT_CLOUD_OIDC_SCOPES'),
    allowedDomains: list(read('PIPECAT_CLOUD_OIDC_ALLOWED_DOMAINS')).map((domain) => domain.toLowerCase()),
    requiredClaim: claim ? { name: claim, value } : undefined,
    newPeople: organization ? { organization, role: role as Role } : undefined,
    secondFactorAcr: list(read('PIPECAT_CLOUD_OIDC_SECOND_FACTOR_ACR')),
  };
}

function secretOf(read: Read, check: Check): OidcConfig['clientSecret'] {
  const secret = read('PIPECAT_CLOUD_OIDC_CLIENT_SECRET');
  const file = read('PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE');
  check('PIPECAT_CLOUD_OIDC_CLIENT_SECRET_FILE', !secret || !file, 'either the secret or its file, not both');
  if (secret) return async () => secret;
  return file ? async () => (await readFile(file, 'utf8')).trim() : undefined;
}

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  if (search || hash) return false;
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

/** At the first separators only: the last part keeps the others. */
function split(text: string, separator: string, parts: number): string[] {
  const found = text.split(separator).map((part) => part.trim());
  return found.length <= parts ? found : [...found.slice(0, parts - 1), found.slice(parts - 1).join(separator)];
}

const list = (text: string) => text.split(/[\s,]+/).filter((part) => part !== '');
