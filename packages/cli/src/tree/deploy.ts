import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseResources } from '../lib/quantity.js';
import type { Run } from '../program.js';
import {
  configFileOption,
  hiddenDeployConfig,
  integer,
  oneOf,
  organizationOption,
  percent,
  regionOption,
  reuseOptions,
  unlessEmpty,
} from './options.js';

/** Options of contract §4.6. What a flag leaves open, the deploy file or a default fills in. */
export function addDeploy(program: Command, run: Run): void {
  const any = Number.MAX_SAFE_INTEGER;
  const deploy = program.command('deploy');
  deploy
    .summary('Deploy an agent from this directory or from an image')
    .description(
      'Deploys an agent: creates it, or puts a new deployment in place of the current one.\n' +
        'Without an image, the directory is packed, uploaded and built. Options override pcc-deploy.toml.',
    )
    .argument('[name]', 'name of the agent (default: agent_name of the deploy file)')
    .argument('[image]', 'image to run, with its tag', unlessEmpty)
    .option('-b, --build-id <id>', 'deploy this earlier build', unlessEmpty)
    .option('-d, --build-dir <path>', 'directory to build from (default: .)', unlessEmpty)
    .option('--dockerfile <path>', 'Dockerfile inside that directory (default: Dockerfile)', unlessEmpty)
    .option('--build-secrets <set>', 'secret set whose values the steps of the build may read', unlessEmpty)
    .option('--build-credentials <set>', 'image pull secret set for the base images of the build', unlessEmpty)
    .option('--repo <owner/repository>', 'build a new agent from this repository on GitHub, with --branch')
    .option('--branch <branch>', 'branch of that repository')
    .option('--dockerfile-path <path>', 'Dockerfile inside that repository (default: Dockerfile)')
    .option('--subdirectory <path>', 'directory of that repository to build in')
    .option('-c, --credentials <set>', 'image pull secret set', unlessEmpty)
    .addOption(new Option('--no-credentials', 'the image needs no pull secret (also: -nc)'))
    .option('-s, --secrets <set>', 'secret set that the agent gets as environment', unlessEmpty)
    .option(
      '-p, --profile <name>',
      'CPU and memory by name: agent-1x, agent-2x, agent-3x or one of your own',
      unlessEmpty,
    )
    .addOption(
      new Option('--resources <cpu=…,memory=…>', 'CPU and memory themselves, for example cpu=2,memory=4Gi').argParser(
        resources,
      ),
    )
    .addOption(
      new Option(
        '--architecture <name>',
        'what the image needs: amd64 or arm64 (default: that of the region)',
      ).argParser(oneOf(['amd64', 'arm64'])),
    )
    .option('--min-agents <count>', 'agents kept warm (also: -min)', integer(0, any))
    .option('--max-agents <count>', 'agents at most (also: -max)', integer(1, any))
    .option('--max-session-duration <seconds>', '60 to 14400', integer(60, 14_400))
    .addOption(regionOption('region to deploy to'))
    .addOption(new Option('--krisp-viva-audio-filter <model>', 'tel or pro').argParser(oneOf(['tel', 'pro'])))
    .option('-y, --yes', 'do not ask')
    .option('-f, --force', 'new deployment even if nothing changed; does not ask')
    .option('--strict', 'no new session on the deployment before it from now on: starts wait until this one is ready')
    .addOption(
      new Option('--canary <percent>', 'give it only this share of the new sessions, until promoted').argParser(
        percent,
      ),
    )
    .option('--no-promote', 'make it ready and give it no session until: agent promote')
    .addOption(new Option('--wait', 'wait until the agent is ready (the default)').default(true).hideHelp())
    .option('--no-wait', 'return as soon as the deployment is accepted')
    .addOption(
      new Option('--wait-timeout <seconds>', 'how long to wait for it to be ready')
        .argParser(integer(1, 86_400))
        .default(600),
    )
    .addOption(
      new Option('--build-timeout <seconds>', 'how long to wait for the build')
        .argParser(integer(1, 86_400))
        .default(1200),
    )
    .option('--allow-credentials-in-context', 'deploy although a token or key is in the files')
    .addOption(new Option('--enable-krisp', 'deprecated: use --krisp-viva-audio-filter').hideHelp())
    .addOption(new Option('--min-instances <count>').argParser(integer(0, any)).hideHelp())
    .addOption(new Option('--max-instances <count>').argParser(integer(1, any)).hideHelp())
    .addOption(configFileOption())
    .addOption(hiddenDeployConfig())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/deploy/deploy.js')).deploy));
  for (const option of reuseOptions()) deploy.addOption(option);
}

function resources(text: string) {
  try {
    return parseResources(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message} For example: cpu=2,memory=4Gi`);
  }
}
