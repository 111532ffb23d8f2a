import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { parse } from 'yaml';
import * as z from 'zod';
import { commands } from '../../../cmd/commands/index.ts';
import type { KubernetesObject } from '../../../contract/kubernetes-object.ts';
import { COMMAND_RIGHTS } from '../../../manifests/command-rights.ts';
import { installOptionsSchema } from '../../../manifests/options.ts';
import { renderManifests } from '../../../manifests/render.ts';
import { GENERATED_DIRECTORIES, generatedFiles } from '../../../tools/manifests/generated-files.ts';
import { OVERLAYS } from '../../../tools/manifests/kustomize.ts';
import { inOrder, objectsIn } from '../../support/manifests.ts';

const files = generatedFiles();

describe('generated files are as tools/generate-manifests.ts writes them', () => {
  test.each([...files])('%s', (path, text) => {
    expect(existsSync(path) ? readFileSync(path, 'utf8') : 'absent').toBe(text);
  });

  test('and nothing else is beside them', () => {
    const found = GENERATED_DIRECTORIES.flatMap((directory) =>
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    expect(found.filter((path) => !files.has(path))).toEqual([]);
  });
});

const kustomizationSchema = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  resources: z.array(z.string()),
  patches: z
    .array(z.object({ target: z.object({ kind: z.string(), name: z.string() }), patch: z.string() }))
    .default([]),
});

/** What `kustomize build` does with as much of it as is used here. */
function build(directory: string): KubernetesObject[] {
  const read = (path: string) => readFileSync(join(directory, path), 'utf8');
  const { resources, patches } = kustomizationSchema.parse(parse(read('kustomization.yaml')));
  const objects = resources.flatMap((path) =>
    path.endsWith('.yaml') ? objectsIn(read(path)) : build(join(directory, path)),
  );
  for (const { target, patch } of patches) {
    const targets = objects.filter(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
    expect(targets).toHaveLength(1);
    const operations: Operation[] = parse(patch);
    for (const object of targets) jsonPatch.applyPatch(object, operations, true);
  }
  return inOrder(objects);
}

describe('an overlay gives what the renderer gives', () => {
  test.each(Object.entries(OVERLAYS))('%s', (name, { input }) => {
    expect(build(`manifests/overlays/${name}`)).toEqual(inOrder(renderManifests(installOptionsSchema.parse(input))));
  });
});

test('the rights of every command are known', () => {
  const page = readFileSync('docs/reference/rbac.md', 'utf8');
  const known = new Set(COMMAND_RIGHTS.map(({ command }) => command.split(' ')[0]));
  const unknown = commands.filter(
    ({ name, hidden }) => hidden !== true && !known.has(name) && !page.includes(`\`${name}\``),
  );
  expect(unknown.map(({ name }) => name)).toEqual([]);
});
