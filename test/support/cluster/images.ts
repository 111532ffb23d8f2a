import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfiguration {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageSource {
  /** `localhost/NAME:test`: never looked up elsewhere, and with a tag other than `latest` never pulled. */
  readonly reference: string;
  /** A directory, or a tar file of one, that becomes the only layer; owners stay. */
  readonly root: string;
  /** As images name it; absent: this machine's. */
  readonly architecture?: string;
  readonly configuration?: ImageConfiguration;
}

/** Packs an image of one layer, in the form of `docker save`, and gives its file to `use`; then removes it. */
export async function packImage(source: ImageSource, use: (archive: string) => Promise<void>): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'dbaudit-image-'));
  try {
    const layer = join(work, 'layer.tar');
    if (statSync(source.root).isDirectory()) {
      await run('tar', ['-C', source.root, '--numeric-owner', '--sort=name', '-cf', layer, '.']);
    } else {
      symlinkSync(resolve(source.root), layer);
    }
    const configuration = {
      architecture: source.architecture ?? (process.arch === 'x64' ? 'amd64' : process.arch),
      os: 'linux',
      config: source.configuration ?? {},
      rootfs: { type: 'layers', diff_ids: [`sha256:${await sha256(layer)}`] },
    };
    writeFileSync(join(work, 'config.json'), JSON.stringify(configuration));
    const manifest = [{ Config: 'config.json', RepoTags: [source.reference], Layers: ['layer.tar'] }];
    writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
    const archive = join(work, 'image.tar');
    await run('tar', ['-C', work, '--dereference', '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
    await use(archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
