import { secretKeyPattern, secretSetNamePattern } from '@pipecat-cloud/contract/names';
import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { badRequest } from '../errors.js';

export interface SecretChange {
  type: 'secret' | 'imagePullSecret';
  /** Pull secrets only. Absent members of a set stay as they are. */
  host?: string;
  values: readonly { fieldName: string; value: string }[];
}

/** The one field of a pull secret. Its name is shown to nobody. */
const pullSecretField = 'credentials';

export const isSetName = (name: string) =>
  name.length >= 3 && name.length <= 63 && new RegExp(secretSetNamePattern).test(name);
export const isKeyName = (name: string) => new RegExp(secretKeyPattern).test(name);

/** Throws 400 unless the name follows contract §6.6; official command lines let more through, so the text says the whole rule. */
export function checkSetName(name: string): void {
  if (isSetName(name)) return;
  throw badRequest(
    `'${name.slice(0, 80)}' cannot be the name of a secret set: it takes 3 to 63 lower-case letters, digits, dashes and dots, with a letter or digit at both ends of each part between dots`,
  );
}

/**
 * What a body asks for: one key, an array of keys, or a pull secret (contract §6.6 and §7.5). Throws 400 for everything between
 * those three. No error repeats a value.
 */
export function readChange(set: string, body: PutSecretBody): SecretChange {
  if (body.name !== undefined && body.name !== set) {
    throw badRequest(`The body names secret set '${body.name.slice(0, 80)}', the path '${set}': send one name`);
  }
  return body.isImagePullSecret === true ? readPullSecret(body) : readKeys(body);
}

function readPullSecret(body: PutSecretBody): SecretChange {
  if (body.secrets !== undefined || body.secretKey !== undefined) {
    throw badRequest('An image pull secret has no keys: send host and secretValue only');
  }
  if (body.host === undefined || body.secretValue === undefined) {
    throw badRequest('An image pull secret needs both host and secretValue, the base64 of user:password');
  }
  if (/\s/.test(body.host)) throw badRequest('host has a space in it; it takes the address of a registry');
  if (!isCredentials(body.secretValue)) {
    throw badRequest('secretValue is not the base64 of user:password, so no registry would accept it');
  }
  return {
    type: 'imagePullSecret',
    host: body.host.endsWith('/') ? body.host : `${body.host}/`,
    values: [{ fieldName: pullSecretField, value: body.secretValue }],
  };
}

function readKeys(body: PutSecretBody): SecretChange {
  if (body.host !== undefined)
    throw badRequest('host belongs to image pull secrets: send isImagePullSecret: true with it');
  const single = body.secretKey !== undefined || body.secretValue !== undefined;
  if (single === (body.secrets !== undefined)) {
    throw badRequest('Send either secretKey and secretValue, or an array secrets');
  }
  const entries = body.secrets ?? [{ secretKey: body.secretKey, secretValue: body.secretValue }];
  const values = entries.map(({ secretKey: fieldName, secretValue: value }) => {
    if (fieldName === undefined || value === undefined)
      throw badRequest('secretKey and secretValue go together: one is missing');
    if (value.includes('\0'))
      throw badRequest(`The value of '${fieldName}' has a NUL character in it, which no environment can carry`);
    return { fieldName, value };
  });
  const names = values.map(({ fieldName }) => fieldName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badRequest(`Key '${twice}' is in the array twice`);
  return { type: 'secret', values };
}

function isCredentials(text: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const decoded = Buffer.from(text, 'base64');
  // Node skips what is not base64, so only a text that comes back the same was base64 as a whole.
  if (decoded.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return false;
  return /^[^:\s]+:[^\r\n\0]+$/.test(decoded.toString('utf8'));
}
