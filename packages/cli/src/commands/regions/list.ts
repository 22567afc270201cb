import type { CommandContext } from '../../lib/context.js';

export async function listRegions(context: CommandContext) {
  const api = await context.api();
  const { regions } = await api.listRegions(await context.org());
  context.result({ regions }, () =>
    context.table(
      ['CODE', 'NAME'],
      regions.map(({ code, display_name }) => [code, display_name]),
    ),
  );
}
