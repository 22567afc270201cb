import type { CommandContext } from '../../lib/context.js';

export async function listRegions(context: CommandContext) {
  const api = await context.api();
  const { regions } = await api.listRegions(await context.org());
  context.result({ regions }, () =>
    context.table(
      ['CODE', 'NAME', 'ARCHITECTURES', 'DEFAULT'],
      regions.map((region) => [
        region.code,
        region.display_name,
        region.supported_architectures?.join(', ') ?? '-',
        region.default_architecture ?? '-',
      ]),
    ),
  );
}
