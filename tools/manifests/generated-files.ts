import { chartFiles } from './chart.ts';
import type { Files } from './files.ts';
import { kustomizeFiles } from './kustomize.ts';
import { rightsPage } from './rights-page.ts';

/** Nothing else is kept there. */
export const GENERATED_DIRECTORIES = ['manifests/base', 'manifests/overlays', 'manifests/chart'];

/** Every file that is made of manifests/*.ts. */
export function generatedFiles(): Files {
  const manifests = [...kustomizeFiles(), ...chartFiles()];
  return new Map([
    ['docs/reference/rbac.md', rightsPage()],
    ...manifests.map(([path, text]): [string, string] => [`manifests/${path}`, text]),
  ]);
}
