export type Search = Record<string, unknown>;
/** The named members that are texts; anything else in a query is not ours. */
export const texts = <Name extends string>(search: Search, ...names: Name[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
    }),
  ) as Partial<Record<Name, string>>;
