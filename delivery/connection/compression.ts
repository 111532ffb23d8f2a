import { promisify } from 'node:util';

export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const;

export type Compression = (typeof COMPRESSIONS)[number];

/** Audit events repeat themselves: level 1 makes them some ten times smaller, 6 little more for three times the CPU time. */
const GZIP_LEVEL = 1;
/** zstd's fastest ordinary level; smaller and faster than gzip's. */
const ZSTD_LEVEL = 1;

/** In a thread of its own. node:zlib is loaded with the first call, for an agent that never compresses. `none` gives the same memory. */
export async function compress(bytes: Buffer, compression: Compression): Promise<Buffer> {
  if (compression === 'none') return bytes;
  const { constants, gzip, zstdCompress } = await import('node:zlib');
  return compression === 'gzip'
    ? promisify(gzip)(bytes, { level: GZIP_LEVEL })
    : promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
}
