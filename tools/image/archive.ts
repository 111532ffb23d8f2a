import { copyFile, readFile } from 'node:fs/promises';
import { type ImageConfiguration, packImage } from '../../test/support/cluster/images.ts';
import { type Architecture, IMAGE_DIRECTORY, stagedRoot } from './architecture.ts';

/** Names the image in a containerd or docker that it was loaded into; `localhost` is never pulled from. */
const TEST_REFERENCE = 'localhost/dbaudit:test';

/** Packs a staged root as `docker save` does, without any builder. Gives the file's path. */
export async function archive(architecture: Architecture): Promise<string> {
  const file = `${IMAGE_DIRECTORY}/dbaudit-${architecture.name}.tar`;
  const source = {
    reference: TEST_REFERENCE,
    root: stagedRoot(architecture),
    architecture: architecture.name,
    configuration: readConfiguration(await readFile('Containerfile', 'utf8')),
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
