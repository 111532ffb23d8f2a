/**
 * `tools/image/main.ts archive|build [dbaudit|dbaudit-collector|amd64|arm64...]` stages the roots of the images and packs them:
 * as files for `ctr images import` or `docker load`, without a builder; or as images by buildah, podman or docker.
 */
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ARCHITECTURES } from './architecture.ts';
import { archive } from './archive.ts';
import { buildImage } from './build.ts';
import { IMAGES } from './images.ts';
import { stage } from './stage.ts';

const BYTES_PER_MEGABYTE = 1_000_000;

const [action, ...names] = process.argv.slice(2);
const architectures = chosen(ARCHITECTURES);
const images = chosen(IMAGES);
const unknown = names.filter((asked) => ![...ARCHITECTURES, ...IMAGES].some(({ name }) => name === asked));
if ((action !== 'archive' && action !== 'build') || unknown.length > 0) {
  process.stderr.write('usage: tools/image/main.ts archive|build [dbaudit|dbaudit-collector|amd64|arm64...]\n');
  process.exit(1);
}
for (const architecture of architectures) {
  for (const image of images) {
    await stage(image, architecture, (message) => process.stderr.write(`${message}\n`));
    const file = await archive(image, architecture);
    const sizes = `${megabytes(statSync(file).size)}, ${megabytes(await compressedSize(file))} compressed`;
    process.stdout.write(`${file}: ${sizes}\n`);
    if (action === 'build') process.stdout.write(`${buildImage(image, architecture)}\n`);
  }
}

/** Those that are named; all where none is. */
function chosen<Thing extends { readonly name: string }>(known: readonly Thing[]): readonly Thing[] {
  const named = known.filter(({ name }) => names.includes(name));
  return named.length === 0 ? known : named;
}

/** What a registry keeps and a node fetches, nearly. */
async function compressedSize(file: string): Promise<number> {
  let bytes = 0;
  await pipeline(createReadStream(file), createGzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) bytes += chunk.length;
  });
  return bytes;
}

function megabytes(bytes: number): string {
  return `${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`;
}
