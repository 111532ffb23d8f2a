import { spawnSync } from 'node:child_process';
import { VERSION } from '../../contract/version.ts';
import { run } from '../run.ts';
import type { Architecture } from './architecture.ts';
import { type Image, stagedRoot } from './images.ts';

const REGISTRY = 'ghcr.io/dbaudit';

/** In order of preference; each is asked whether it works here, since docker is often there without its daemon. */
const BUILDERS = [
  { program: 'buildah', probe: ['info'], build: ['build', '--isolation', 'chroot'] },
  { program: 'podman', probe: ['info'], build: ['build'] },
  { program: 'docker', probe: ['info'], build: ['build'] },
] as const;

/** Builds the image of one architecture from its staged root and gives its name, which ends in the architecture. */
export function buildImage(image: Image, architecture: Architecture): string {
  const builder = BUILDERS.find(({ program, probe }) => spawnSync(program, probe).status === 0);
  if (builder === undefined) throw new Error(`none of ${BUILDERS.map(({ program }) => program).join(', ')} works here`);
  const name = `${REGISTRY}/${image.name}:${VERSION}-${architecture.name}`;
  const platform = `linux/${architecture.name}`;
  run(builder.program, [
    ...builder.build,
    ...['--file', image.containerfile, '--platform', platform, '--tag', name, stagedRoot(image, architecture.name)],
  ]);
  return `${name} (${builder.program})`;
}
