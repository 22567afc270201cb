import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeAgent } from './testing/contract.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const builtBot = fileURLToPath(new URL('../dist/testing/contract-bot.js', import.meta.url));
if (!existsSync(builtBot)) throw new Error('The agent is not built. Run: npm run build');

describeAgent('TypeScript', { argv: [process.execPath, builtBot], cwd: packageFolder });

const python = process.env.PIPECAT_CLOUD_TEST_PYTHON;
describeAgent(
  'Python',
  python
    ? {
        argv: [python, '-m', 'pipecat_cloud_agent'],
        cwd: fileURLToPath(new URL('../python/contract_bot', import.meta.url)),
        env: {
          PYTHONPATH: fileURLToPath(new URL('../python', import.meta.url)),
          PYTHONDONTWRITEBYTECODE: '1',
        },
      }
    : {
        skipped:
          'set PIPECAT_CLOUD_TEST_PYTHON to the path of a Python that has packages/agent/python/requirements.txt installed',
      },
);
