import jsonPatch from 'fast-json-patch';
import type { KubernetesObject } from '../../contract/kubernetes-object.ts';
import { formatYaml } from '../../manifests/format.ts';
import { HIGH_AVAILABILITY, type InstallInput, installOptionsSchema } from '../../manifests/options.ts';
import { PARTS, renderManifests } from '../../manifests/render.ts';
import { type Files, generated, identity, objectFile } from './files.ts';

const MANAGED_BY = { managedBy: 'kustomize' } as const satisfies InstallInput;

/** Only what every cluster takes: the rest may be forbidden, or unknown to it. */
const BASE: InstallInput = { ...MANAGED_BY, disruptionBudget: false, networkPolicy: false, flowSchema: false };

interface Overlay {
  readonly title: string;
  /** The directory it changes, relative to its own. */
  readonly over: { readonly path: string; readonly input: InstallInput };
  readonly input: InstallInput;
}

const OVER_DEFAULT = { path: '../default', input: MANAGED_BY };

/** What is not named has the value that `kubectl dbaudit install` gives it. */
export const OVERLAYS: Readonly<Record<'default' | 'ha' | 'cert-manager', Overlay>> = {
  default: {
    title: 'The same as `kubectl dbaudit install -o yaml`.',
    over: { path: '../../base', input: BASE },
    input: MANAGED_BY,
  },
  ha: {
    title: 'Three injectors, with more CPU time set aside for them.',
    over: OVER_DEFAULT,
    input: { ...MANAGED_BY, ...HIGH_AVAILABILITY },
  },
  'cert-manager': {
    title: 'Serving certificate by cert-manager, which must be installed.',
    over: OVER_DEFAULT,
    input: { ...MANAGED_BY, certManager: true },
  },
};

/** The base and its overlays, as files. */
export function kustomizeFiles(): Files {
  const files = new Map<string, string>();
  const base = installOptionsSchema.parse(BASE);
  const resources: string[] = [];
  for (const { name, render } of PARTS) {
    const objects = render(base);
    if (objects.length === 0) continue;
    files.set(`base/${name}.yaml`, objectFile(objects));
    resources.push(`${name}.yaml`);
  }
  files.set('base/kustomization.yaml', kustomization('What every cluster takes.', { resources }));
  for (const [name, overlay] of Object.entries(OVERLAYS)) {
    for (const [path, text] of overlayFiles(overlay)) files.set(`overlays/${name}/${path}`, text);
  }
  return files;
}

/** What is new as files of its own, what differs as patches. No overlay takes anything away. */
function overlayFiles({ title, over, input }: Overlay): Files {
  const originals = renderManifests(installOptionsSchema.parse(over.input));
  const byIdentity = new Map(originals.map((object) => [identity(object), object]));
  const options = installOptionsSchema.parse(input);
  const files = new Map<string, string>();
  const resources = [over.path];
  const patches: unknown[] = [];
  for (const { name, render } of PARTS) {
    const added: KubernetesObject[] = [];
    for (const object of render(options)) {
      const original = byIdentity.get(identity(object));
      if (original === undefined) added.push(object);
      else patches.push(...patch(original, object));
    }
    if (added.length === 0) continue;
    files.set(`${name}.yaml`, objectFile(added));
    resources.push(`${name}.yaml`);
  }
  files.set('kustomization.yaml', kustomization(title, { resources, ...(patches.length > 0 ? { patches } : {}) }));
  return files;
}

/** JSON patches, since only they can change lists of any object at a place. None where nothing differs. */
function patch(original: KubernetesObject, wanted: KubernetesObject): unknown[] {
  const operations = jsonPatch.compare(original, wanted);
  if (operations.length === 0) return [];
  const { kind, metadata } = wanted;
  const [group, version] = wanted.apiVersion.includes('/') ? wanted.apiVersion.split('/') : ['', wanted.apiVersion];
  return [
    {
      target: { ...(group === '' ? {} : { group }), version, kind, name: metadata.name },
      patch: formatYaml(operations),
    },
  ];
}

function kustomization(title: string, content: Readonly<Record<string, unknown>>): string {
  const head = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
  return generated(`# ${title}\n${formatYaml({ ...head, ...content })}`);
}
