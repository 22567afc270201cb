import { access, chmod, constants } from 'node:fs/promises';

/** Throws, with the way out, where instances can't run as local processes. */
export async function checkHost(directory: string): Promise<void> {
  if (process.platform === 'win32') {
    throw new Error('the process driver needs process groups; run the worker on Linux, macOS or WSL');
  }
  try {
    // Output of agents and files of builds are for this user alone.
    await chmod(directory, 0o700);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(
      `the worker's folder ${directory} can't be written; set PIPECAT_CLOUD_WORKER_DIR to one of its own`,
      {
        cause: error,
      },
    );
  }
}
