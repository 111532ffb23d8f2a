import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { runPlugin } from '../../support/plugin.ts';

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-inject-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const CONTAINERS = 'containers: [{name: app, image: app}]';
const TEMPLATE = `template: {metadata: {labels: {app: x}}, spec: {${CONTAINERS}}}`;
const manifest = (apiVersion: string, kind: string, name: string, spec: string, metadata = '') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}${metadata}}\nspec: {${spec}}\n`;

async function inject(stdin: string, ...words: string[]) {
  const result = await runPlugin(['inject', '-f', '-', ...words], { stdin });
  return { ...result, documents: parseAllDocuments(result.stdout).map((document) => document.toJS()) };
}

describe('kubectl dbaudit inject', () => {
  const kinds: readonly (readonly [apiVersion: string, kind: string, spec: string, path: readonly string[]])[] = [
    ['v1', 'Pod', CONTAINERS, ['spec']],
    ['v1', 'ReplicationController', TEMPLATE, ['spec', 'template', 'spec']],
    ['apps/v1', 'Deployment', TEMPLATE, ['spec', 'template', 'spec']],
    ['apps/v1', 'ReplicaSet', TEMPLATE, ['spec', 'template', 'spec']],
    ['apps/v1', 'StatefulSet', TEMPLATE, ['spec', 'template', 'spec']],
    ['apps/v1', 'DaemonSet', TEMPLATE, ['spec', 'template', 'spec']],
    ['batch/v1', 'Job', TEMPLATE, ['spec', 'template', 'spec']],
    ['batch/v1', 'CronJob', `jobTemplate: {spec: {${TEMPLATE}}}`, ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ];
  test.each(kinds)('%s %s', async (apiVersion, kind, spec, path) => {
    const { documents, stderr, code } = await inject(manifest(apiVersion, kind, 'a', spec));
    expect(documents).toHaveLength(1);
    expect(documents[0]).toHaveProperty([...path, 'initContainers', '0', 'name'], 'dbaudit-agent');
    expect(stderr).toBe(`${kind.toLowerCase()}/a: injected\n`);
    expect(code).toBe(0);
  });

  test('a list: each item, in the list', async () => {
    const items = [manifest('v1', 'Pod', 'a', CONTAINERS), manifest('v1', 'Service', 's', 'ports: []')];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: items.map((item) => parse(item)) });
    const { documents, stderr } = await inject(list);
    expect(documents[0]).toHaveProperty('items.0.spec.initContainers');
    expect(documents[0]).toHaveProperty('items.1', parse(items[1] ?? ''));
    expect(stderr).toBe('pod/a: injected\n');
  });

  test('every other document is kept, comments included; empty ones go', async () => {
    const service = '# the door\napiVersion: v1\nkind: Service\nmetadata:\n  name: s # short\n';
    const { stdout } = await inject(`${service}---\n---\n${manifest('v1', 'Pod', 'a', CONTAINERS)}---\nfree: text\n`);
    expect(stdout.startsWith(`${service}---\napiVersion: v1\nkind: Pod\n`)).toBe(true);
    expect(stdout.endsWith('---\nfree: text\n')).toBe(true);
    expect(stdout.match(/^---$/gm)).toHaveLength(2);
  });

  test('values mean the same as before to kubectl, which reads YAML 1.1', async () => {
    const annotations = ', annotations: {a: "yes", b: "0644", c: 12:30, d: 2020-01-01, e: "1e3", f: "null", g: "0o17"}';
    const volumes =
      'volumes: [{name: v, configMap: {name: c, defaultMode: 0644}}, {name: w, configMap: {name: c, optional: yes}}, {name: x, configMap: {defaultMode: 0o17}}]';
    const { stdout } = await inject(manifest('v1', 'Pod', 'a', `${CONTAINERS}, ${volumes}`, annotations));
    for (const version of ['1.1', '1.2'] as const) {
      const pod = parse(stdout, { version });
      expect(pod.metadata.annotations).toMatchObject({
        a: 'yes',
        b: '0644',
        c: '12:30',
        d: '2020-01-01',
        e: '1e3',
        f: 'null',
        g: '0o17',
      });
      expect(pod.spec.volumes.slice(0, 4)).toMatchObject([
        { configMap: { defaultMode: 0o644 } },
        { configMap: { optional: true } },
        { configMap: { defaultMode: 0o17 } },
        { name: 'dbaudit-config' },
      ]);
    }
  });

  test('what is skipped says why and is printed as it was', async () => {
    const pods = [
      manifest('v1', 'Pod', 'host', `${CONTAINERS}, hostNetwork: true`),
      manifest('v1', 'Pod', 'system', CONTAINERS, ', namespace: kube-system'),
      manifest('v1', 'Pod', 'never', CONTAINERS, ', labels: {dbaudit.io/capture: disabled}'),
      manifest('v1', 'Pod', 'broken', 'containers: 7'),
    ];
    const { stdout, stderr, code } = await inject(pods.join('---\n'));
    expect(stdout).toBe(pods.join('---\n'));
    expect(stderr.trimEnd().split('\n')).toEqual([
      'pod/host: skipped, DBA2001 the pod uses the network of its node',
      'pod/system: skipped, DBA2007 the namespace is never touched',
      'pod/never: skipped, DBA2003 capture is disabled by label',
      expect.stringMatching(/^pod\/broken: skipped, not a valid pod: spec\.containers: .*expected array/),
    ]);
    expect(code).toBe(0);
  });

  test('settings that were passed over are named', async () => {
    const { stderr } = await inject(
      manifest('v1', 'Pod', 'a', CONTAINERS, ', annotations: {config.dbaudit.io/redact: all}'),
    );
    expect(stderr).toBe(
      'pod/a: injected\npod/a: DBA2017 annotation config.dbaudit.io/redact of the pod: "all" is not valid; it takes secrets, literals, none\n',
    );
  });

  test('a terminal gets no control characters from a manifest', async () => {
    const { stderr } = await inject(manifest('v1', 'Pod', '"\\e[2Jgone"', CONTAINERS));
    expect(stderr).not.toContain('\u001b');
  });

  test.each([
    [['--pod-security', 'baseline'], '', /drop:\n +- AUDIT_WRITE/],
    [[], 'pod-security.kubernetes.io/enforce: baseline', /drop:\n +- AUDIT_WRITE/],
    [['--pod-security', 'baseline'], 'pod-security.kubernetes.io/enforce: privileged', /- NET_ADMIN/],
  ])(
    'the Pod Security level is that of %j, or of the namespace among the manifests (%s)',
    async (words, label, expected) => {
      const namespace = `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${label}}}\n`;
      const { stdout } = await inject(
        `${namespace}---\n${manifest('v1', 'Pod', 'a', CONTAINERS, ', namespace: shop')}`,
        ...words,
      );
      expect(stdout).toMatch(expected);
    },
  );

  test('in a restricted namespace it says so', async () => {
    const { stderr } = await inject(manifest('v1', 'Pod', 'a', CONTAINERS), '--pod-security', 'restricted');
    expect(stderr).toBe('pod/a: skipped, DBA2002 the namespace enforces Pod Security level restricted\n');
  });

  test('settings come from a file', async () => {
    const settings = file('settings.yaml', 'image: registry.example/dbaudit:1\nredact: literals\n');
    const { stdout } = await inject(manifest('v1', 'Pod', 'a', CONTAINERS), '--settings', settings);
    expect(stdout).toContain('image: registry.example/dbaudit:1\n');
    expect(stdout).toContain('value: literals\n');
  });

  test('several files and a directory, in order; several as JSON are a list', async () => {
    const one = file('1.yaml', manifest('v1', 'Pod', 'one', CONTAINERS));
    const directory2 = mkdtempSync(join(directory, 'more-'));
    writeFileSync(join(directory2, '3.json'), JSON.stringify(parse(manifest('v1', 'Pod', 'three', CONTAINERS))));
    writeFileSync(join(directory2, '2.yml'), manifest('v1', 'Pod', 'two', CONTAINERS));
    writeFileSync(join(directory2, 'README.md'), 'no: manifest');
    const { stdout, stderr } = await runPlugin(['inject', '-f', one, '-f', directory2, '-o', 'json']);
    const list = JSON.parse(stdout);
    expect(list).toMatchObject({ apiVersion: 'v1', kind: 'List' });
    expect(list.items).toHaveLength(3);
    expect(stderr).toBe('pod/one: injected\npod/two: injected\npod/three: injected\n');
  });

  test.each([
    [['-f', '/nowhere.yaml'], '', /^error DBA1002: \/nowhere\.yaml cannot be read/],
    [['-f', '-'], 'a: [', /^error DBA1007: standard input: /],
    [['-f', '-'], 'a: &a [*a, *a]\nb: *missing', /^error DBA1007: standard input: /],
    [['-f', '-', '--settings', '/nowhere.yaml'], '', /^error DBA1002: /],
    [[], '', /required option '-f, --filename/],
  ])('%j given %j is refused', async (words, stdin, says) => {
    const { code, stdout, stderr } = await runPlugin(['inject', ...words], { stdin });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(says);
  });

  test('settings that are not valid are refused with their path', async () => {
    const settings = file('wrong.yaml', 'redact: all\n');
    const { code, stderr } = await inject(manifest('v1', 'Pod', 'a', CONTAINERS), '--settings', settings);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error DBA1001: .*wrong\.yaml is not valid:\n.*\n.*redact/);
  });

  test('nothing to do is said', async () => {
    const { stdout, stderr } = await inject('free: text\n');
    expect({ stdout, stderr }).toEqual({
      stdout: 'free: text\n',
      stderr: 'no pods and no workloads in what was read\n',
    });
  });
});

describe('kubectl dbaudit uninject', () => {
  test('gives back what inject was given', async () => {
    const given = [
      manifest('apps/v1', 'Deployment', 'a', TEMPLATE),
      manifest('batch/v1', 'CronJob', 'b', `jobTemplate: {spec: {template: {spec: {${CONTAINERS}}}}}`),
    ];
    const { stdout } = await inject(given.join('---\n'));
    const back = await runPlugin(['uninject', '-f', '-'], { stdin: stdout });
    expect(parseAllDocuments(back.stdout).map((document) => document.toJS())).toEqual(given.map((text) => parse(text)));
    expect(back.stderr).toBe('deployment/a: uninjected\ncronjob/b: uninjected\n');
  });

  test('leaves alone what has no agent', async () => {
    const text = manifest('v1', 'Pod', 'a', CONTAINERS);
    const { stdout, stderr } = await runPlugin(['uninject', '-f', '-'], { stdin: text });
    expect(stdout).toBe(text);
    expect(stderr).toBe('pod/a: has no agent\n');
  });

  test('a second injection says that there is one', async () => {
    const { stdout } = await inject(manifest('v1', 'Pod', 'a', CONTAINERS));
    const again = await inject(stdout);
    expect(again.stdout).toBe(stdout);
    expect(again.stderr).toBe('pod/a: has an agent already\n');
  });
});
