/** Amounts of CPU and memory as Kubernetes writes them: a number and at most one suffix (contract §13.3). */
export const quantityPattern = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$';

const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The plain number that a quantity stands for; undefined where the text is none. */
export function quantityOf(text: string): number | undefined {
  if (!new RegExp(quantityPattern).test(text)) return undefined;
  const [, number = '', suffix = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(number) * (factors[suffix] ?? 1);
}

/** `500m` and `0.5` are 500. The text must be a quantity. */
export function millicoresOf(cpu: string): number {
  return Math.round((quantityOf(cpu) ?? Number.NaN) * 1000);
}

/** `1Gi` is 1024; a part of one counts as a whole. The text must be a quantity. */
export function mebibytesOf(memory: string): number {
  return Math.ceil((quantityOf(memory) ?? Number.NaN) / 2 ** 20);
}
