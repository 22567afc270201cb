import type { CommandContext } from '../../../lib/context.js';
import { notFound } from '../../../lib/errors.js';

type Values = Record<string, unknown>;
interface Described {
  type?: string;
  description?: string;
  default?: unknown;
  currentValue?: unknown;
  readOnly?: boolean;
  availableValues?: unknown[];
}

const text = (value: unknown) =>
  value === undefined || value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value);

export async function listProperties(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const values = (await api.getProperties(org)).properties as Values;
  context.result(values, () =>
    context.list(
      `No properties in ${org}.`,
      ['PROPERTY', 'VALUE'],
      Object.entries(values).map(([name, value]) => [name, text(value)]),
    ),
  );
}

export async function showPropertySchema(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const schema = (await api.getPropertySchema(org)).properties as Record<string, Described>;
  context.result(schema, () =>
    context.list(
      `No properties in ${org}.`,
      ['PROPERTY', 'TYPE', 'VALUE', 'DEFAULT', 'ABOUT'],
      Object.entries(schema).map(([name, { type, currentValue, default: standard, description, availableValues }]) => [
        name,
        type ?? '-',
        text(currentValue),
        text(standard),
        `${description ?? ''}${availableValues ? ` (${availableValues.map(text).join(', ')})` : ''}`,
      ]),
    ),
  );
}

export async function setProperty(context: CommandContext, name: string, value: string) {
  const [api, org] = [await context.api(), await context.org()];
  const schema = (await api.getPropertySchema(org)).properties as Record<string, Described>;
  const known = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (!known) {
    throw notFound(`There is no property '${name}' in ${org}.`, `There are: ${Object.keys(schema).join(', ')}`);
  }
  const typed = known.type === undefined || known.type === 'string' ? value : parsed(value);
  const properties = await change(context, { [name]: typed });
  context.result(properties, () => `${name} is ${text(properties[name] ?? typed)} now.`);
}

/** `organizations default-region`: shows it, or chooses another. */
export async function defaultRegion(context: CommandContext, region: string | undefined) {
  const [api, org] = [await context.api(), await context.org()];
  if (region !== undefined) {
    const properties = await change(context, { defaultRegion: region });
    const chosen = text(properties.defaultRegion ?? region);
    return context.result(
      { defaultRegion: chosen },
      () => `Deploys in ${org} go to ${chosen} where they name no region.`,
    );
  }
  const { defaultRegion: found } = (await api.getPropertySchema(org)).properties as Record<string, Described>;
  const current = text(found?.currentValue ?? found?.default);
  const available = (found?.availableValues ?? []).map(text);
  context.result({ defaultRegion: current, availableRegions: available }, () => current);
  if (!context.json && available.length > 1) context.note(context.colours.dim(`There are: ${available.join(', ')}`));
}

/** Through the general call: servers may have properties that this program doesn't know. */
async function change(context: CommandContext, values: Values): Promise<Values> {
  const [api, org] = [await context.api(), await context.org()];
  const answer = await api.request<{ properties?: Values } & Values>(
    'PATCH',
    `/v1/organizations/${encodeURIComponent(org)}/properties`,
    { body: values },
  );
  return answer.properties ?? answer;
}

/** `true`, `5`, or the text itself where it is neither. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
