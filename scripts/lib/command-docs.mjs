// The page about the command line, from the tree that it parses with.

/** Markdown for a whole program of commander's. Hidden options and commands are left out. */
export function commandPage(program, { results, named }) {
  const groups = program.commands.map((group) => {
    const commands = leaves(group).map((command) => section(command, results[path(command)]));
    return [`## ${group.name()}`, ...(group.commands.length > 0 ? [group.description()] : []), ...commands].join(
      '\n\n',
    );
  });
  const shapes = Object.entries(named).map(([name, text]) => `### ${name}\n\n${code(text)}`);
  return `${head}

${groups.join('\n\n')}

## Shapes

What the names in the descriptions of JSON stand for. Times are ISO 8601 in UTC.

${shapes.join('\n\n')}
`;
}

const head = `# The command line

Every command of \`pipecat cloud\`; \`pcc\` and \`pipecatcloud\` are the same, and so is leaving \`cloud\` out. It takes every command, argument, option and short form of the
official command lines 0.6.0 to 1.4.0. What the exit codes mean stands in [exit-codes.md](exit-codes.md). This page is made by \`npm run docs\`.

Without a terminal nothing is asked: the message names the flag that answers. A token can be named by its id, a unique beginning of one,
or its name where that is unique. In a CI job, requests carry the address of the run (from \`GITHUB_RUN_ID\` and its kin, \`CI_JOB_URL\`,
\`BUILDKITE_BUILD_URL\`, \`CIRCLE_BUILD_URL\` or \`BUILD_URL\`), which lists of tokens show beside the last use. A token in the last fifth of its
life, at most a week, is warned of on standard error; \`PIPECAT_NO_EXPIRY_WARNING=1\` silences that. When something is wrong:
\`pipecat cloud doctor\`.

## How it prints

\`--output\`, anywhere on the line, else \`PIPECAT_OUTPUT\`, else the key \`output\` of the credentials file (in the table of the organization, where
official clients can still read the file):

| | |
|---|---|
| \`rich\` | tables fitted to the terminal, colours, a spinner; the default on a terminal |
| \`plain\` | a line a row with tabs between whole values, headings first, for \`cut\` and \`awk\`; the columns of the official client come first; the default elsewhere |
| \`json\` | exactly one document on standard output, as described below each command; the same as \`--json\` |

Data goes to standard output, everything else to standard error. A failure in JSON is \`{ error: string; code: string; reason?: string; hint?: string;
help?: string }\`, with the exit code of the failure. Members may come, none goes or changes its meaning. \`NO_COLOR\` and \`FORCE_COLOR\` are heeded.

## Settings

An option, then a variable, then the credentials file (its top level, then the table of the organization), then the default. A stored token goes
only to the host that it was stored with: its hosts come from the table of the stored organization, whatever organization is asked for. An empty variable
counts as unset, but for \`PIPECAT_TOKEN\`, where it is refused: a job whose secret is missing must not go on with other credentials.
\`pipecat cloud --show-cli-config\` shows each value and where it came from.

| variable | |
|---|---|
| \`PIPECAT_TOKEN\` | personal access token or token of a service account |
| \`PIPECAT_ORG\` | organization; else the stored one, else the first that the token reaches |
| \`PIPECAT_API_HOST\` | address of the API (default: http://localhost:7400) |
| \`PIPECAT_DASHBOARD_HOST\` | address of the dashboard (default: the API host) |
| \`PIPECAT_CONFIG_PATH\` | credentials file (default: ~/.config/pipecatcloud/pipecatcloud.toml) |
| \`PIPECAT_DEPLOY_CONFIG_PATH\` | deploy file (default: pcc-deploy.toml in the working directory) |
| \`PIPECAT_DEFAULT_PUBLIC_KEY\` | public key that \`agent start\` uses |
| \`PIPECAT_OUTPUT\` | rich, plain or json |
| \`PIPECAT_CLI_LOG_LEVEL\` | DEBUG shows where a failure came from |
| \`PIPECAT_NO_EXPIRY_WARNING\` | 1: no warning of a token that ends soon |
| \`PIPECAT_…_PATH\` | moves one endpoint, for example \`PIPECAT_SERVICES_PATH=/cloud/{org}/agents\`: whoami, organization, daily_key, services, services_logs, services_deployments, services_sessions, start, api_keys, secrets, regions, properties, builds, registry_keys, agent_profiles, spend_limit, github_install_url, github_link_url, github_installation, github_repositories, service_git, auth_config, logout |

\`PIPECAT_REFRESH_TOKEN\` and \`PIPECAT_TOKEN_EXPIRES_AT\` are accepted and not used: a refresh token works once, so a variable can not hold one.`;

function leaves(command) {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function section(command, json) {
  const options = command.options.filter(({ hidden, long }) => !hidden && long !== '--json' && long !== '--help');
  const rows = [
    ...command.registeredArguments.map((argument) => [
      `<${argument.name()}>`.replace(/^<(.*)>$/, argument.required ? '<$1>' : '[$1]'),
      argument.description,
    ]),
    ...options.map((option) => [option.flags, describe(option)]),
  ];
  const table = ['| | |', '|---|---|', ...rows.map(([name, about]) => `| \`${name}\` | ${cell(about)} |`)];
  return [
    `### \`${path(command)}\``,
    cell(command.description().replaceAll('\n', ' ')),
    ...(rows.length > 0 ? [table.join('\n')] : []),
    ...(json ? [`JSON:\n\n${code(json)}`] : []),
  ].join('\n\n');
}

function describe({ description, defaultValue, mandatory }) {
  if (mandatory) return `${description}; required`;
  return defaultValue === undefined || defaultValue === true
    ? description
    : `${description} (default: ${defaultValue})`;
}

function path(command) {
  return command.parent?.parent ? `${path(command.parent)} ${command.name()}` : command.name();
}

const code = (text) => `\`\`\`ts\n${text}\n\`\`\``;

/** Inside a table a bar ends a cell, and angle brackets are tags. */
function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
