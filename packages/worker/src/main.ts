import { compose } from './compose.js';
import { ConfigError, loadConfig, type WorkerConfig } from './config.js';

function configured(): WorkerConfig | undefined {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    complain(error.message);
    return undefined;
  }
}

function complain(message: string): void {
  process.stderr.write(`pipecat-cloud worker: ${message}\n`);
  process.exitCode = 1;
}

function run(config: WorkerConfig): void {
  const worker = compose(config);
  let closing: Promise<void> | undefined;

  async function close(event?: string): Promise<void> {
    // Ctrl-C stops all of it. On any other end the agents go on, and the next worker adopts them.
    closing ??= (event === 'SIGINT' ? worker.removeInstances() : Promise.resolve()).then(() => worker.close());
    await closing;
    // The channel to the parent would keep this process.
    if (process.connected) process.disconnect();
  }

  function closeOn(event: 'SIGTERM' | 'SIGINT' | 'disconnect'): void {
    process.once(event, () => {
      close(event).catch((error: Error) => complain(`closing failed: ${error.message}`));
    });
  }

  process.on('message', worker.receive);
  closeOn('SIGTERM');
  closeOn('SIGINT');
  // Without its parent nobody would end this process, and the next start would find it in the way.
  closeOn('disconnect');
  worker.ready.then(
    (notes) => process.send?.({ type: 'ready', notes }),
    (error: Error) => {
      if (!closing) complain(error.message);
      return close();
    },
  );
}

const config = configured();
if (config) run(config);
