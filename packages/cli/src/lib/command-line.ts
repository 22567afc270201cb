/** `pipecat cloud agent list`, `pcc agent list`, and each with and without `cloud`, are one and the same. */
export function normalise(argv: readonly string[]): readonly string[] {
  const first = argv.findIndex((arg) => !arg.startsWith('-'));
  const found = first >= 0 && argv[first] === 'cloud' ? argv.filter((_, index) => index !== first) : argv;
  const rest = found.map((arg) => arg.replace(/^--deploy-config(?==|$)/, '--config-file'));
  if (rest.find((arg) => !arg.startsWith('-')) !== 'deploy') return rest;
  // Official clients spell these with one dash, which option parsers of today read as letters (contract §4.6).
  return rest.map((arg) => {
    const [name, ...value] = arg.split('=');
    const long = name && oneDash[name];
    return long ? [long, ...value].join('=') : arg;
  });
}

const oneDash: Record<string, string> = {
  '-min': '--min-agents',
  '-max': '--max-agents',
  '-nc': '--no-credentials',
  '-krisp': '--enable-krisp',
};
