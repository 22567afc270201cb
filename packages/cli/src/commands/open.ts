import type { CommandContext } from '../lib/context.js';
import { findDeployFile } from '../lib/deploy-file.js';
import { openBrowser, whyNoBrowser } from '../lib/oauth/reach.js';

/** `open`: the dashboard's page of an agent. The address is the output, so it is of use where no browser is. */
export async function openDashboard(
  context: CommandContext,
  argument: string | undefined,
  options: { print?: boolean; configFile?: string },
) {
  const { dashboardHost } = await context.settings();
  const name = argument ?? (await findDeployFile(context.io, options.configFile))?.agentName;
  const [api, org] = [await context.api(), await context.org()];
  // A page of what isn't there would say so too, but later and without an exit code.
  if (name !== undefined) await api.getService(org, name);
  const [host, inUrl] = [dashboardHost.value, encodeURIComponent];
  const url = name === undefined ? `${host}/?org=${inUrl(org)}` : `${host}/orgs/${inUrl(org)}/agents/${inUrl(name)}`;
  const why = options.print || context.json || !context.io.stdout.isTTY ? 'asked' : whyNoBrowser(context.io);
  const opened = why === undefined && (await openBrowser(url, context.io));
  context.result({ url, opened }, () => url);
  if (why !== undefined && why !== 'asked') context.note(context.colours.dim(`Not opened: ${why}.`));
}
