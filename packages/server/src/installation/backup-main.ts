import { asProcess } from '../operator-command.js';
import { backUpInstallation } from './backup-command.js';

await asProcess(backUpInstallation);
