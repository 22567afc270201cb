interface SnippetContext {
  /** Of the dashboard, which is the API's too. */
  origin: string;
  organization: string | undefined;
  agent: string | undefined;
}

const defaultHost = 'http://localhost:7400';
const install = 'npm install --global @pipecat-cloud/cli@0.1.0';

/** Lines for a shell; one more where the command line would not find this server by itself. */
export function shellSnippet(value: string, origin: string): string {
  const host = origin === defaultHost ? [] : [`export PIPECAT_API_HOST=${origin}`];
  return [...host, `export PIPECAT_TOKEN=${value}`, 'pipecat cloud auth whoami'].join('\n');
}

const check = (agent: string | undefined) => `pipecat cloud auth status --check${agent ? ` --agent ${agent}` : ''}`;

/** The value goes into the repository's secrets, which asks for it; the file names it alone. */
export function githubSnippet({ origin, organization, agent }: SnippetContext): string {
  return `# Once, in the repository; it asks for the value:
#   gh secret set PIPECAT_TOKEN
# .github/workflows/deploy.yml
on:
  push:
    branches: [main]
env:
  PIPECAT_API_HOST: ${origin}
  PIPECAT_ORG: ${organization ?? 'my-team'}
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      PIPECAT_TOKEN: \${{ secrets.PIPECAT_TOKEN }}
    steps:
      - uses: actions/checkout@v6
      - run: ${install}
      - run: ${check(agent)}
      - run: pipecat cloud deploy --yes`;
}

export function gitlabSnippet({ origin, organization, agent }: SnippetContext): string {
  return `# Once: Settings, CI/CD, Variables: PIPECAT_TOKEN, masked and protected
# .gitlab-ci.yml
variables:
  PIPECAT_API_HOST: ${origin}
  PIPECAT_ORG: ${organization ?? 'my-team'}
deploy:
  image: node:24-slim
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - ${install}
    - ${check(agent)}
    - pipecat cloud deploy --yes`;
}

/** Handed on by its name: a value on the command line is seen by every user of the machine. */
export function dockerSnippet({ origin, organization }: SnippetContext): string {
  return `# PIPECAT_TOKEN is in your environment: see Shell
export PIPECAT_API_HOST=${origin} PIPECAT_ORG=${organization ?? 'my-team'}
docker run --rm -e PIPECAT_TOKEN -e PIPECAT_ORG -e PIPECAT_API_HOST \\
  -v "$PWD:/agent" -w /agent node:24-slim \\
  sh -c '${install} && pipecat cloud deploy --yes'`;
}
