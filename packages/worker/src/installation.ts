import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Welcome } from './channel.js';
import { readIfThere, replaceFile } from './files.js';
import { parseHopKey } from './relay/hop.js';

interface Known {
  installationId: string;
  hopPublicKey: string;
}

export type Installation = Awaited<ReturnType<typeof openInstallation>>;

/**
 * What the control plane has said of itself, kept in `installation.json` of the worker's folder: a restarted worker relays and finds
 * its instances before the link is back.
 */
export async function openInstallation(workerDir: string, log: Logger) {
  const path = join(workerDir, 'installation.json');
  let key: KeyObject | undefined;
  let known = await read();
  let learned: (installationId: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    learned = resolve;
  });
  if (known) learned(known.installationId);

  async function read(): Promise<Known | undefined> {
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    try {
      const found = JSON.parse(text) as Known;
      key = parseHopKey(found.hopPublicKey);
      return found;
    } catch (err) {
      log.warn({ err, path }, 'the file cannot be read; the control plane will tell it again');
      return undefined;
    }
  }

  return {
    hopKey: (): KeyObject | undefined => key,
    /** The id that instances of this folder are labelled with: of the first installation that the folder served. */
    installationId: (): Promise<string> => first,
    async welcome({ installationId, hopPublicKey }: Welcome): Promise<void> {
      key = parseHopKey(hopPublicKey);
      if (known?.hopPublicKey === hopPublicKey) return;
      if (known && known.installationId !== installationId) {
        // Its instances are seen by the new one, which removes what it does not want: nothing is left behind.
        log.warn(
          { workerDir, installationId },
          'this folder served another installation before; its instances are kept',
        );
      }
      known = { installationId: known?.installationId ?? installationId, hopPublicKey };
      await replaceFile(path, JSON.stringify(known), { durable: true });
      learned(known.installationId);
    },
  };
}
