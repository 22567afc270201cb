import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { configFileOption, hiddenDeployConfig, oneOf } from './options.js';

const registries = ['dockerhub', 'custom'] as const;
const platforms = ['linux/amd64', 'linux/arm64'] as const;

export function addDocker(program: Command, run: Run): void {
  const docker = program.command('docker').description('Images made with the Docker of this machine');
  docker
    .command('build-push')
    .summary('Build an image here and push it')
    .description(
      'Builds the Dockerfile of this directory with the local Docker and pushes the image. Values come from options, then\n' +
        'from image and [docker] of the deploy file. Needs no sign-in here; the registry has its own: docker login.',
    )
    .argument('[name]', 'name of the agent, and of the image (default: that of the deploy file)')
    .addOption(new Option('-r, --registry <kind>', registries.join(' or ')).argParser(oneOf(registries)))
    .option('-u, --username <name>', 'user of the registry')
    .option('--registry-url <host>', 'address of a registry of your own, with --registry custom')
    .option('-v, --version <tag>', 'tag of the image (default: latest)')
    .addOption(
      new Option('--platform <platform>', `${platforms.join(' or ')} (default: that of this machine)`).argParser(
        oneOf(platforms),
      ),
    )
    .option('--no-push', 'build only')
    .option('--no-latest', 'no second tag latest')
    .option('-y, --yes', 'do not ask')
    .addOption(configFileOption())
    .addOption(hiddenDeployConfig())
    .action(run(async () => (await import('../commands/docker/build-push.js')).buildPush));
}
