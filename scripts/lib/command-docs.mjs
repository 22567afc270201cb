// The page about the command line, from the tree that it parses with.

/** Markdown for a whole program of commander's. Hidden options and commands are left out. */
export function commandPage(program) {
  const groups = program.commands.map((group) => {
    const commands = leaves(group).map((command) => section(command));
    return [`## ${group.name()}`, ...(group.commands.length > 0 ? [group.description()] : []), ...commands].join(
      '\n\n',
    );
  });
  return `# Commands

Every command of \`pipecat cloud\`; \`pcc\` is the same. \`--json\` makes any of them print exactly one JSON document. What the exit codes
mean stands in [exit-codes.md](exit-codes.md). This page is made by \`npm run docs\`.

Without a terminal nothing is asked: the message names the flag that answers. A token can be named by its id, a unique beginning of one,
or its name where that is unique. In a CI job, requests carry the address of the run (from \`GITHUB_RUN_ID\` and its kin, \`CI_JOB_URL\`,
\`BUILDKITE_BUILD_URL\`, \`CIRCLE_BUILD_URL\` or \`BUILD_URL\`), which lists of tokens show beside the last use. A token that ends within
seven days is warned of on standard error; \`PIPECAT_NO_EXPIRY_WARNING=1\` silences that.

${groups.join('\n\n')}
`;
}

function leaves(command) {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function section(command) {
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

/** Inside a table a bar ends a cell, and angle brackets are tags. */
function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
