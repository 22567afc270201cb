import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { canAsk } from '../../lib/io.js';
import { signInByBrowser } from '../../lib/oauth/browser-flow.js';
import { signInByCode } from '../../lib/oauth/device-flow.js';
import { findIssuer, type Issuer } from '../../lib/oauth/issuer.js';
import { openLoopback } from '../../lib/oauth/loopback.js';
import { whyNoBrowser } from '../../lib/oauth/reach.js';
import { shorten } from '../../lib/settings.js';
import { type Credentials, storeCredentials } from '../../lib/store-credentials.js';

export interface LoginOptions {
  headless?: boolean;
  device?: boolean;
}

/** `auth login`: through a browser on this machine, or with a code where none can come back to it (contract §3.4). */
export async function login(context: CommandContext, options: LoginOptions) {
  const headless = options.headless || options.device || false;
  if (!headless && !canAsk(context.io)) {
    throw usageError(
      'Without a terminal nobody is signed in: set PIPECAT_TOKEN to an access token, or pass --headless and enter the code elsewhere.',
    );
  }
  const { apiHost, file } = await context.settings();
  const issuer = await findIssuer(await context.apiWith(undefined));
  const credentials = headless ? await signInByCode(context, issuer) : await signInHere(context, issuer);
  context.progress.stop();

  const api = await context.apiWith(credentials.token);
  const { organizations } = await api.listOrganizations();
  const organization = await storeCredentials(context, credentials, organizations);
  const { user } = await api.whoAmI();
  const email = user.emails[0]?.emailAddress ?? null;
  if (context.io.env.PIPECAT_TOKEN !== undefined) {
    context.warn('PIPECAT_TOKEN is set and goes before the stored sign-in; unset it to use what was stored.');
  }
  const data = { user: { id: user.userId, email }, organization, apiHost: apiHost.value, configFile: file.path };
  context.result(data, () => {
    const { green } = context.colours;
    const name = email ?? user.userId;
    return `${green('Signed in')} to ${apiHost.value} as ${name}, organization ${organization}. Stored in ${shorten(file.path)}`;
  });
}

async function signInHere(context: CommandContext, issuer: Issuer): Promise<Credentials> {
  const why = whyNoBrowser(context.io);
  if (why !== undefined) {
    context.note(`Signing in with a code, because ${why}.`);
    return await signInByCode(context, issuer);
  }
  const loopback = await openLoopback();
  if (!loopback) {
    context.note('Signing in with a code, because the ports 8400 to 8404 are all taken.');
    return await signInByCode(context, issuer);
  }
  try {
    return await signInByBrowser(context, issuer, loopback);
  } finally {
    await loopback.close();
  }
}
