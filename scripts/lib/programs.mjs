import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of these programs that the path holds, as an absolute path. */
export function onPath(names, env = process.env) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const name of names) {
    const folder = folders.find((each) => isExecutable(join(each, name)));
    if (folder) return join(folder, name);
  }
  return undefined;
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC_BROWSERS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A browser of the Chromium family: from the path or from where macOS keeps them. */
export function findChromium(env = process.env) {
  return onPath(BROWSERS, env) ?? MAC_BROWSERS.find(isExecutable);
}

function versionsUnder(parent, below) {
  try {
    return readdirSync(parent)
      .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }))
      .map((name) => join(parent, name, ...below));
  } catch {
    return [];
  }
}

/** The folder with PostgreSQL's server programs, the newest version first; they are seldom on the path itself. */
export function findPostgresBin(env = process.env) {
  const homebrew = ['/opt/homebrew/opt', '/usr/local/opt', '/home/linuxbrew/.linuxbrew/opt'].flatMap((prefix) =>
    versionsUnder(prefix, ['bin']).filter((path) => path.includes('/postgresql')),
  );
  const application = versionsUnder('/Applications/Postgres.app/Contents/Versions', ['bin']);
  const folders = [
    ...versionsUnder('/usr/lib/postgresql', ['bin']),
    ...versionsUnder('/usr', ['bin']).filter((path) => path.includes('/pgsql-')),
    ...(env.PATH ?? '').split(delimiter).filter(Boolean),
    ...homebrew,
    ...application,
  ];
  return folders.find((folder) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')));
}
