import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { writePrivateFile } from './private-file.js';

/**
 * Secrets of the installation, apart from `Config` so that they can't be logged with it. They live in `keys.json` of the data
 * folder, mode 600, and never in the database: a copy of the database alone opens nothing.
 */
export interface Keys {
  /** HMAC keys for credentials at rest; the first makes new digests, the others are retired but still recognised. */
  peppers: readonly { id: string; key: Buffer }[];
  /** Wraps the data keys of organizations; the first wraps new ones. */
  masters: readonly { id: string; key: Buffer }[];
  /** Signs upload fields and socket tokens. */
  signing: Buffer;
  /** Ed25519, signs hops to workers. */
  hop: KeyObject;
  /** P-256, signs ID tokens. */
  oidc: KeyObject;
}

interface KeyFile {
  version: 1;
  peppers: { id: string; key: string }[];
  masters: { id: string; key: string }[];
  signing: string;
  hop: string;
  /** Absent in files made before there were ID tokens. */
  oidc?: string;
}

/** Reads the keys, or makes them when the file is not there. A file that is there but unreadable or broken is an error, never replaced. */
export async function openKeys(file: string): Promise<Keys> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`The keys of this installation cannot be read from ${file} (${error.code}); mend its permissions`);
  });
  if (text === undefined) {
    const made = makeKeys();
    await writePrivateFile(file, JSON.stringify(made, undefined, 2));
    return load(made, file);
  }
  await chmod(file, 0o600);
  try {
    const read = JSON.parse(text) as KeyFile;
    const keys = load(read, file);
    // Only once the rest has proved to be a key file.
    if (read.oidc === undefined)
      await writePrivateFile(file, JSON.stringify({ ...read, oidc: pkcs8(keys.oidc) }, undefined, 2));
    return keys;
  } catch (cause) {
    throw new Error(
      `${file} is not a key file; restore it from a backup, since nothing stored can be opened without it`,
      { cause },
    );
  }
}

function makeKeys(): KeyFile {
  const key = () => ({ id: randomBytes(4).toString('hex'), key: randomBytes(32).toString('base64') });
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    version: 1,
    peppers: [key()],
    masters: [key()],
    signing: randomBytes(32).toString('base64'),
    hop: pkcs8(privateKey),
    oidc: pkcs8(makeOidcKey()),
  };
}

const makeOidcKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
const fromPkcs8 = (text: string) =>
  createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });

function load(file: KeyFile, path: string): Keys {
  const list = (entries: KeyFile['peppers']) =>
    entries.map(({ id, key }) => {
      const bytes = Buffer.from(key, 'base64');
      if (bytes.length !== 32) throw new Error(`${path}: key ${id} is not 32 bytes`);
      return { id, key: bytes };
    });
  if (file.version !== 1 || file.peppers.length === 0 || file.masters.length === 0)
    throw new Error(`${path}: incomplete`);
  return {
    peppers: list(file.peppers),
    masters: list(file.masters),
    signing: Buffer.from(file.signing, 'base64'),
    hop: fromPkcs8(file.hop),
    oidc: file.oidc === undefined ? makeOidcKey() : fromPkcs8(file.oidc),
  };
}
