import type { CredentialFinding } from '@pipecat-cloud/contract/credential-scan';
import { redact } from '@pipecat-cloud/contract/token-format';
import { clean } from '../../lib/text.js';

/** One credential in one file, without its value, which may be in the name of the file too. */
export interface Found {
  file: string;
  line: number;
  column: number;
  kind: CredentialFinding['kind'];
  checksum: CredentialFinding['checksum'];
  masked: string;
}

/** Findings that are told; beyond them they are counted. */
export const shownLimit = 1000;
/** Values that a report may carry: as many as a hundred calls of the leak desk. */
const valuesLimit = 100_000;

/** Collects findings and, apart from them, the distinct values for a report. */
export function createCollection() {
  const found: Found[] = [];
  const values = new Map<string, string>();
  let real = 0;

  return {
    found,
    /** Value to masked form, of what a report would end. */
    values,
    /** How many have the right checksum and are secret: what makes the scan fail. */
    real: () => real,
    add(file: string, finding: CredentialFinding, value: string): void {
      const { line, column, kind, checksum, masked } = finding;
      if (checksum === 'right' && kind !== 'public') real++;
      if (found.length < shownLimit) found.push({ file: redact(clean(file)), line, column, kind, checksum, masked });
      if (checksum !== 'wrong' && kind !== 'public' && values.size < valuesLimit) values.set(value, masked);
    },
  };
}
export type Collection = ReturnType<typeof createCollection>;

const kindNames: Readonly<Record<Found['kind'], string>> = {
  personal: 'personal access token',
  serviceAccount: 'service-account token',
  ci: 'CI token',
  oauth: 'OAuth access token',
  private: 'private API key',
  public: 'public API key',
};

/** `src/.env:3:7  pcc_pat_…a1b2  personal access token` */
export function foundLine({ file, line, column, kind, checksum, masked }: Found): string {
  const doubt =
    checksum === 'none'
      ? ' (imported; it has no checksum to judge by)'
      : checksum === 'wrong'
        ? ' (wrong checksum: a placeholder, or mistyped)'
        : kind === 'public'
          ? ' (not secret)'
          : '';
  return `${file}:${line}:${column}  ${masked}  ${kindNames[kind]}${doubt}`;
}
