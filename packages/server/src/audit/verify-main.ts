import { asProcess } from '../operator-command.js';
import { verifyInstallation } from './verify-command.js';

await asProcess(verifyInstallation);
