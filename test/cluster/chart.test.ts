import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatManifests } from '../../manifests/format.ts';
import { type InstallInput, installOptionsSchema } from '../../manifests/options.ts';
import { renderManifests } from '../../manifests/render.ts';
import { OVERLAYS } from '../../tools/manifests/kustomize.ts';
import { binary, KUBERNETES_VERSION } from '../support/cluster/binaries.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { inOrder, installInput, objectsIn } from '../support/manifests.ts';

const CHART = 'manifests/chart/dbaudit';
/** Each costs a start of helm. */
const RUNS = 40;

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-chart-'));
const values = join(directory, 'values.json');

beforeAll(() => {
  for (const program of ['helm', 'kubectl'] as const) {
    if (existsSync(binary(program))) continue;
    throw new Error(`${binary(program)} is not there: \`tools/node tools/prepare-cluster.ts\` builds it`);
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

function run(program: 'helm' | 'kubectl', ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(binary(program), words, { encoding: 'utf8', maxBuffer: 16 << 20 });
  return { code: status, stdout, said: `${stdout}${stderr}` };
}

function done(program: 'helm' | 'kubectl', ...words: readonly string[]): string {
  const { code, stdout, said } = run(program, ...words);
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}: ${said}`);
  return stdout;
}

function template(release: string, namespace: string, input: InstallInput): string {
  writeFileSync(values, JSON.stringify(input));
  const version = `--kube-version=${KUBERNETES_VERSION}`;
  return done('helm', 'template', release, CHART, '--namespace', namespace, '--values', values, version);
}

describe('the chart', () => {
  test('is clean to the strict linter', () => {
    expect(run('helm', 'lint', '--strict', CHART)).toMatchObject({ code: 0 });
  });

  test('gives what the renderer gives, whatever is chosen', () => {
    fc.assert(
      fc.property(
        installInput,
        fc.constantFrom('dbaudit', 'audit-2'),
        fc.constantFrom('audit', '007'),
        (input, release, namespace) => {
          const chosen = { createNamespace: false, ...input };
          const options = installOptionsSchema.parse({ ...chosen, namespace, instance: release, managedBy: 'Helm' });
          expect(objectsIn(template(release, namespace, chosen))).toEqual(inOrder(renderManifests(options)));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('with no values gives what `install` gives, but for the namespace that Helm makes', () => {
    const options = installOptionsSchema.parse({ createNamespace: false, managedBy: 'Helm' });
    expect(objectsIn(template('dbaudit', 'dbaudit-system', {}))).toEqual(inOrder(renderManifests(options)));
  });

  test.each([
    ['replicsa=3', 'replicsa'],
    ['injection.redakt=none', 'redakt'],
    ['failurePolicy=Maybe', 'failurePolicy'],
    ['replicas=0', 'replicas'],
    ['namespace=other', 'namespace'],
    ['injection.resources.limits.memory=much', 'memory'],
  ])('refuses --set %s', (assignment, named) => {
    const { code, said } = run('helm', 'template', CHART, '--set', assignment, `--kube-version=${KUBERNETES_VERSION}`);
    expect(code).not.toBe(0);
    expect(said).toContain("values don't meet the specifications of the schema");
    expect(said).toContain(named);
  });

  test('may be part of another chart', () => {
    const words = [CHART, '--set', 'global.team=audit', `--kube-version=${KUBERNETES_VERSION}`];
    expect(objectsIn(done('helm', 'template', ...words)).length).toBeGreaterThan(10);
  });
});

describe('kustomize', () => {
  test.each(Object.entries(OVERLAYS))('the overlay %s gives what the renderer gives', (name, { input }) => {
    const built = objectsIn(done('kubectl', 'kustomize', `manifests/overlays/${name}`));
    expect(built).toEqual(inOrder(renderManifests(installOptionsSchema.parse(input))));
  });
});

describe('the API server takes every object, field by field', () => {
  const cluster = testCluster();
  let namespace = '';

  beforeAll(async () => {
    namespace = await cluster.createNamespace('chart');
  });

  afterAll(() => cluster.deleteNamespace(namespace));

  // Those of cert-manager and of the Prometheus operator are not known to it.
  test.each(['webhook', 'policy'] as const)('%s', async (injector) => {
    const served = await cluster.kubectl(['get', '--raw', '/apis/admissionregistration.k8s.io/v1']);
    const policyApiVersion = served.includes('"mutatingadmissionpolicies"') ? 'v1' : 'v1beta1';
    const input: InstallInput = { createNamespace: false, namespace, injector, policyApiVersion };
    const objects = renderManifests(installOptionsSchema.parse(input));
    const words = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'];
    const { code, stdout, stderr } = await cluster.run('kubectl', words, { stdin: formatManifests(objects) });
    expect(`${code} ${stderr}`).toBe('0 ');
    expect(stdout.trim().split('\n')).toHaveLength(objects.length);
  });
});
