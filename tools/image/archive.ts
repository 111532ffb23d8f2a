import { copyFile, readFile } from 'node:fs/promises';
import { type ImageConfiguration, packImage } from '../../test/support/cluster/images.ts';
import { type Architecture, IMAGE_DIRECTORY } from './architecture.ts';
import { type Image, stagedRoot } from './images.ts';

/** Packs a staged root as `docker save` does, without any builder. Gives the file's path. */
export async function archive(image: Image, architecture: Architecture): Promise<string> {
  const file = `${IMAGE_DIRECTORY}/${image.name}-${architecture.name}.tar`;
  const source = {
    // Names it in a containerd or docker that it was loaded into; `localhost` is never pulled from.
    reference: `localhost/${image.name}:test`,
    root: stagedRoot(image, architecture.name),
    architecture: architecture.name,
    configuration: readConfiguration(await readFile(image.containerfile, 'utf8')),
  };
  await packImage(source, (packed) => copyFile(packed, file));
  return file;
}

/**
 * What a Containerfile says of how the image runs. Of its instructions it knows those that ours uses, and fails at
 * others: the archive must not differ from what a builder makes.
 */
export function readConfiguration(containerfile: string): ImageConfiguration {
  const labels: Record<string, string> = {};
  const environment: string[] = [];
  let [user, entrypoint, command]: [string?, string[]?, string[]?] = [];
  for (const line of containerfile.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, instruction, rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
    const [, name = '', value = ''] = /^([^=]+)="?([^"]*)"?$/.exec(rest) ?? [];
    if (line === 'FROM scratch' || line === 'COPY . /') continue;
    else if (instruction === 'LABEL') labels[name] = value;
    else if (instruction === 'ENV') environment.push(`${name}=${value}`);
    else if (instruction === 'USER') user = rest;
    else if (instruction === 'ENTRYPOINT') entrypoint = JSON.parse(rest);
    else if (instruction === 'CMD') command = JSON.parse(rest);
    else throw new Error(`Containerfile: ${line}: not known to tools/image/archive.ts`);
  }
  return {
    Labels: labels,
    Env: environment,
    ...(user === undefined ? {} : { User: user }),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(command === undefined ? {} : { Cmd: command }),
  };
}
