import { join } from 'node:path';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { Enrolled } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { readIfThere, removeFile, replaceFile } from './files.js';
import { openRequest, readText, responseTo } from './requests.js';

export interface EnrolmentDeps {
  controlUrl: string;
  workerDir: string;
  enrolmentFile: string;
  name: string;
  log: Logger;
}

export type Enrolment = ReturnType<typeof createEnrolment>;

const timeoutMs = 10_000;

/** The worker's credential: read from its file, or obtained with the one-time token of the enrolment file. */
export function createEnrolment({ controlUrl, workerDir, enrolmentFile, name, log }: EnrolmentDeps) {
  const credentialFile = join(workerDir, 'credential');
  let credential: string | undefined;
  let waitingLogged = false;

  async function enrol(token: string): Promise<string> {
    const request = await openRequest(`${controlUrl}/v1/workers/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // Not broken off by closing: the token may be used up while its answer is on its way.
      signal: AbortSignal.timeout(timeoutMs),
    });
    const response = await responseTo(request, JSON.stringify({ token, name }));
    const text = await readText(response);
    if (response.statusCode !== 200 && response.statusCode !== 201) {
      throw new Error(
        `The control plane refused to enrol this worker (${response.statusCode}): ${redact(text.slice(0, 300))}`,
      );
    }
    const { workerId, credential: given } = JSON.parse(text) as Enrolled;
    if (typeof given !== 'string' || given === '') throw new Error('The answer to enrolling held no credential');
    await replaceFile(credentialFile, `${given}\n`, { durable: true });
    // The token works once; left behind it would be tried again whenever the credential is refused.
    await removeFile(enrolmentFile).catch((err) => log.warn({ err }, 'the used enrolment file could not be removed'));
    log.info({ workerId }, 'enrolled');
    return given;
  }

  return {
    /** The credential; undefined while there is neither one nor an enrolment token. Throws when enrolling fails. */
    async credential(): Promise<string | undefined> {
      credential ??= (await readIfThere(credentialFile))?.trim() || undefined;
      if (credential) return credential;
      const token = (await readIfThere(enrolmentFile))?.trim();
      if (!token) {
        if (!waitingLogged) log.info({ enrolmentFile }, 'waiting for an enrolment token');
        waitingLogged = true;
        return undefined;
      }
      credential = await enrol(token);
      return credential;
    },

    /** The control plane doesn't know the credential: enrols again where a token lies ready, else says the way out. */
    async refused(): Promise<void> {
      const token = (await readIfThere(enrolmentFile))?.trim();
      if (token) {
        log.warn('the control plane refused the worker credential; enrolling again');
        credential = await enrol(token);
        return;
      }
      log.error(
        { credentialFile, enrolmentFile },
        'the control plane refused the worker credential; create a new enrolment token there and put it into the enrolment file',
      );
      // The file may have been replaced by hand meanwhile.
      credential = undefined;
    },
  };
}
