import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const compressors = {
  br: (content: Buffer) =>
    promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  gz: (content: Buffer) => promisify(gzip)(content, { level: 9 }),
} as const;

/** Puts `x.js.br` and `x.js.gz` beside each script and style: compressed once and well, not at every request. */
export function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir }) {
      const folder = join(dir ?? 'dist', 'assets');
      const files = (await readdir(folder)).filter((name) => /\.(js|css)$/.test(name));
      await Promise.all(
        files.flatMap((name) =>
          Object.entries(compressors).map(async ([ending, compress]) => {
            const file = join(folder, name);
            await writeFile(`${file}.${ending}`, await compress(await readFile(file)));
          }),
        ),
      );
    },
  };
}
