import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CredentialFinding, createCredentialScanner, mayHoldCredential, scanText } from './credential-scan.js';
import { formatToken } from './token-format.js';

const kinds = ['personal', 'serviceAccount', 'ci', 'oauth', 'private', 'public'] as const;
const random = '0123456789abcdef0123456789abcdef01234567';
const hex = (length: number) =>
  fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length }).map((d) => d.join(''));
const minted = fc.tuple(fc.constantFrom(...kinds), hex(40)).map(([kind, digits]) => ({
  kind,
  value: formatToken(kind, digits),
}));
/** Texts that are unpleasant neighbours: digits, halves of prefixes, line ends, anything. */
const surroundings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.constantFrom('a', 'f', '0', 'pcc_', 'pcc_pat_', 'sk_', '_', 'k', '\n', ' '), { maxLength: 60 })
    .map((p) => p.join('')),
);

function collect(write: (onPiece: ReturnType<typeof createCredentialScanner>) => void) {
  const found: { finding: CredentialFinding; value: string }[] = [];
  const scanner = createCredentialScanner((finding, value) => found.push({ finding, value }));
  write(scanner);
  scanner.end();
  return found;
}
const valuesIn = (text: string) => collect((scanner) => scanner.write(text)).map(({ value }) => value);

describe('every credential that is ever made', () => {
  test('is found wherever it stands, with its kind and place', () => {
    fc.assert(
      fc.property(surroundings, minted, surroundings, (before, { kind, value }, after) => {
        // A longer prefix in front would make another credential of it: pcc_pat_ and sa_… are one word only in order.
        const found = collect((scanner) => scanner.write(before + value + after)).filter((one) => one.value === value);
        expect(found.length).toBeGreaterThan(0);
        const lines = before.split('\n');
        expect(found[0]?.finding).toMatchObject({
          kind,
          checksum: 'right',
          line: lines.length,
          column: (lines.at(-1) as string).length + 1,
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('is found in bytes however they are cut, at the same place', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            surroundings,
            minted.map(({ value }) => value),
          ),
          { maxLength: 8 },
        ),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }),
        (parts, sizes) => {
          const bytes = Buffer.from(parts.join(''));
          const whole = collect((scanner) => scanner.write(bytes));
          const cut = collect((scanner) => {
            for (let at = 0, n = 0; at < bytes.length; n++) {
              const size = sizes[n % sizes.length] as number;
              scanner.write(bytes.subarray(at, at + size));
              at += size;
            }
          });
          expect(cut).toEqual(whole);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('is found across the inner pieces of one long write', () => {
    const value = formatToken('private', random);
    for (const before of [65_536 - 30, 65_536, 65_536 - 60, 131_072 - 1]) {
      expect(valuesIn('x'.repeat(before) + value + 'y'.repeat(100_000))).toEqual([value]);
    }
  });

  test('is never part of what can be printed of it', () => {
    fc.assert(
      fc.property(minted, ({ value }) => {
        const [one] = collect((scanner) => scanner.write(`x ${value}\n`));
        const printed = JSON.stringify(one?.finding);
        expect(printed).not.toContain(value.slice(-48, -12));
        expect(printed).not.toContain(value.slice(-8));
      }),
    );
  });

  test('is found twice where two stand together', () => {
    const [a, b] = [formatToken('ci', random), formatToken('public', random)];
    expect(valuesIn(a + b + a)).toEqual([a, b, a]);
  });
});

describe('what is no credential', () => {
  test('random digits behind a prefix of other vendors are passed over', () => {
    fc.assert(
      fc.property(fc.constantFrom('sk_', 'pk_', 'sk_live_', 'rk_', 'task_'), hex(48), (prefix, digits) => {
        const value = prefix + digits;
        fc.pre(!kinds.some((kind) => formatToken(kind, digits.slice(0, 40)).slice(-8) === digits.slice(40)));
        expect(valuesIn(value)).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['a key of another vendor', `sk_live_${'4eC39HqLyjWDarjtT1zdp7dc'.repeat(2)}`],
    ['hex alone', random + random],
    ['a commit', `commit ${random}`],
    ['upper case', formatToken('personal', random).toUpperCase()],
    ['cut short', formatToken('personal', random).slice(0, -1)],
    ['32 digits behind sk_', `sk_${random.slice(0, 32)}`],
    ['33 digits behind pcc_pat_', `pcc_pat_${random.slice(0, 33)}`],
    ['a placeholder', 'pcc_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
    ['its masked form', 'pcc_pat_…4567'],
    ['a long number with a wrong checksum', `pcc_pat_${random}00000000a`],
  ])('%s', (_name, text) => {
    expect(valuesIn(text)).toEqual([]);
  });

  test('a wrong checksum is told as such, and only for our own prefixes', () => {
    const wrong = (prefix: string) =>
      collect((s) => s.write(`${prefix}${random}00000000`)).map((f) => f.finding.checksum);
    expect(wrong('pcc_pat_')).toEqual(['wrong']);
    expect(wrong('pcc_oat_')).toEqual(['wrong']);
    expect(wrong('sk_')).toEqual([]);
    expect(wrong('pk_')).toEqual([]);
  });
});

test('an imported token of 32 digits has no checksum to judge by', () => {
  const [one] = collect((scanner) => scanner.write(`a\n  pcc_pat_${random.slice(0, 32)};`));
  expect(one?.finding).toEqual({ kind: 'personal', checksum: 'none', line: 2, column: 3, masked: 'pcc_pat_…cdef' });
});

test('the quick look misses nothing', () => {
  fc.assert(fc.property(minted, ({ value }) => mayHoldCredential(`x${value}`)));
  const found: string[] = [];
  scanText('nothing here', (_finding, value) => found.push(value));
  expect(found).toEqual([]);
});

test('repeated prefixes cost no more than their length', () => {
  const text = 'pcc_pat_'.repeat(500_000);
  expect(valuesIn(text)).toEqual([]);
});
