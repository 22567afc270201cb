import type { Command } from 'commander';
import type { Run } from '../program.js';
import { configFileOption, organizationOption } from './options.js';

export function addDoctor(program: Command, run: Run): void {
  program
    .command('doctor')
    .summary('Find out what is wrong, and how to mend it')
    .description(
      'Looks at settings and files, the server and the way to it, the clocks, the token and what it may do, and at what runs\n' +
        'agents and builds images. Says of everything that is wrong how to mend it. Exits with the code of the first failure.',
    )
    .addOption(configFileOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/doctor/doctor.js')).doctor));
}
