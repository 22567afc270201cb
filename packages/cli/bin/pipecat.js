#!/usr/bin/env node
// Old syntax on purpose: this file must still be read by the Node versions that it turns away.
const version = process.versions.node.split('.').map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write(
    'pipecat needs Node.js 20.19 or newer; this is ' +
      process.versions.node +
      '. Install one from https://nodejs.org\n',
  );
  process.exit(1);
}
import('../dist/bin.js').catch((error) => {
  process.stderr.write(
    'The pipecat command line could not be loaded (' +
      error.message +
      '). Reinstall it, or in a checkout run: npm run build\n',
  );
  process.exitCode = 1;
});
