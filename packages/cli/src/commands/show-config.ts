import { maskToken } from '@pipecat-cloud/contract/token-format';
import type { CommandContext } from '../lib/context.js';
import { findDeployFile } from '../lib/deploy-file.js';
import type { Setting } from '../lib/settings.js';
import { fields } from '../lib/table.js';

/** `--show-cli-config`: every setting with its origin, the token masked, and the deploy file as it was understood. */
export async function showConfig(context: CommandContext): Promise<void> {
  const settings = await context.settings();
  const deployFile = await findDeployFile(context.io, undefined);
  const token = settings.token && { ...settings.token, value: settings.token.value && maskToken(settings.token.value) };
  const publicKey = settings.publicKey && { ...settings.publicKey, value: maskToken(settings.publicKey.value) };
  const data = {
    config_path: settings.file.path,
    config_file_exists: settings.file.exists,
    api_host: settings.apiHost,
    dashboard_host: settings.dashboardHost,
    token: token ?? null,
    org: settings.organization ?? null,
    default_public_key: publicKey ?? null,
    deploy_file: deployFile ?? null,
  };
  const { dim, bold } = context.colours;
  const show = (setting: Setting | undefined) =>
    setting ? `${setting.value || '(set but empty)'} ${dim(`(${setting.from})`)}` : dim('not set');
  context.result(data, () =>
    [
      fields(
        [
          ['config_path', settings.file.path + (settings.file.exists ? '' : dim(' (no such file)'))],
          ['api_host', show(settings.apiHost)],
          ['dashboard_host', show(settings.dashboardHost)],
          ['token', show(token)],
          ['org', show(settings.organization)],
          ['default_public_key', show(publicKey)],
        ],
        bold,
      ),
      '',
      deployFile ? `${bold('deploy file')}  ${JSON.stringify(deployFile, null, 2)}` : dim('No pcc-deploy.toml here.'),
    ].join('\n'),
  );
}
