import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { VERSION } from '../../contract/version.ts';
import { BINARIES, binary } from '../support/cluster/binaries.ts';
import { runClient } from '../support/cluster/client.ts';
import {
  clientCommand,
  clientTemplate,
  deployment,
  manifests,
  serverTemplate,
  service,
} from '../support/cluster/database-pods.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';
import type { CommandResult } from '../support/cluster/test-cluster.ts';

const PLATFORM = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;
/** Made by `tools/krew/main.ts`. */
const MANIFEST = resolve('build/krew/dbaudit.yaml');
const ARCHIVE = resolve(`build/krew/dbaudit-v${VERSION}-${PLATFORM}.tar.gz`);
const CORRUPTED_OFFSET = 1_000_000;
const MILLIS_PER_SECOND = 1_000;

const cluster = testCluster();
const home = mkdtempSync(join(tmpdir(), 'dbaudit-krew-'));
const krewRoot = join(home, 'krew');
const programs = join(home, 'bin');

beforeAll(() => {
  if (!existsSync(ARCHIVE)) throw new Error(`${ARCHIVE} is missing; make test builds it`);
  mkdirSync(programs);
  // kubectl finds plugins by this name.
  symlinkSync(binary('krew'), join(programs, 'kubectl-krew'));
});

afterAll(() => rmSync(home, { recursive: true }));

/** As a user who has nothing but kubectl and krew, and krew's directory on PATH. */
function kubectl(...words: string[]): Promise<CommandResult> {
  const PATH = [join(krewRoot, 'bin'), programs, BINARIES, process.env.PATH].join(delimiter);
  const environment = { HOME: home, KREW_ROOT: krewRoot, KREW_NO_UPGRADE_CHECK: '1', PATH };
  return cluster.run(join(BINARIES, 'kubectl'), words, { environment });
}

test('the sum in the manifest is the archive’s', () => {
  const { platforms } = parse(readFileSync(MANIFEST, 'utf8')).spec;
  const sums = platforms
    .filter(({ uri }: { readonly uri: string }) => uri.endsWith(`${PLATFORM}.tar.gz`))
    .map(({ sha256 }: { readonly sha256: string }) => sha256);
  expect(sums).toEqual([createHash('sha256').update(readFileSync(ARCHIVE)).digest('hex')]);
});

test('krew refuses an archive in which one byte is another', async () => {
  const bytes = readFileSync(ARCHIVE);
  bytes[CORRUPTED_OFFSET] = (bytes[CORRUPTED_OFFSET] ?? 0) ^ 1;
  const tampered = join(home, 'tampered.tar.gz');
  writeFileSync(tampered, bytes);
  const { code, stderr } = await kubectl('krew', 'install', `--manifest=${MANIFEST}`, `--archive=${tampered}`);
  expect(stderr).toContain('checksum does not match');
  expect(code).not.toBe(0);
  expect((await kubectl('dbaudit', 'version', '--client')).code).not.toBe(0);
});

test('krew installs the archive, and kubectl runs the plugin', async () => {
  const installed = await kubectl('krew', 'install', `--manifest=${MANIFEST}`, `--archive=${ARCHIVE}`);
  expect(installed).toMatchObject({ code: 0, stderr: expect.stringContaining('Installed plugin: dbaudit') });
  const store = join(krewRoot, 'store', 'dbaudit', `v${VERSION}`);
  expect(readFileSync(join(store, 'LICENSE'), 'utf8')).toBe(readFileSync('LICENSE', 'utf8'));
  expect(readFileSync(join(store, 'THIRD-PARTY-NOTICES'), 'utf8')).toContain('commander');
  const version = await kubectl('dbaudit', 'version', '--client');
  expect(version).toMatchObject({ code: 0, stdout: expect.stringContaining(VERSION) });
});

// Jest's own NODE_OPTIONS is in the environment here, and must do nothing.
test('the plugin reaches the cluster of the kubeconfig', async () => {
  const { code, stdout } = await kubectl('dbaudit', '__complete', '--namespace', 'kube-');
  expect(stdout.split('\n')).toEqual(expect.arrayContaining(['kube-system', ':4']));
  expect(code).toBe(0);
});

test('kubectl’s own completion asks the plugin, once it is told to', async () => {
  expect((await kubectl('__complete', 'dbaudit', 'ta')).stdout).not.toContain('tail');
  const told = await kubectl('dbaudit', 'completion', 'install');
  expect(told).toMatchObject({ code: 0, stderr: `written: ${join(krewRoot, 'bin', 'kubectl_complete-dbaudit')}\n` });
  expect((await kubectl('__complete', 'dbaudit', 'ta')).stdout).toMatch(/^tail\t.*\n:4\n/);
  const namespaces = await kubectl('__complete', 'dbaudit', 'tail', '-n', 'kube-s');
  expect(namespaces.stdout).toMatch(/^kube-system\n:4\n/);
});

test('install, enable, tail: three commands to the first statement', async () => {
  expect(await kubectl('dbaudit', 'uninstall', '--force')).toMatchObject({ code: 0 });
  const namespace = await cluster.createNamespace('first');
  try {
    await cluster.apply(
      manifests(
        deployment('db', serverTemplate('db', 'mysql')),
        service('db', 'mysql'),
        deployment('orders', clientTemplate('orders')),
      ),
      namespace,
    );
    await cluster.waitForCondition('deployment/db', 'Available', namespace);
    const started = Date.now();
    const times: string[] = [];
    const say = (step: string) => times.push(`${step} ${((Date.now() - started) / MILLIS_PER_SECOND).toFixed(1)} s`);
    expect(await kubectl('dbaudit', 'install', '--no-collector', '--wait', '--image', IMAGES.dbaudit)).toMatchObject({
      code: 0,
    });
    say('installed');
    expect(await kubectl('dbaudit', 'enable', 'deploy/orders', '-n', namespace, '--wait')).toMatchObject({ code: 0 });
    say('enabled');
    const statement = clientCommand('mysql', 'db', ["SELECT 'the first' AS statement"]);
    await runClient(cluster, { namespace, target: 'deploy/orders' }, statement);
    await cluster.waitFor('the first statement', async () => {
      const { stdout } = await kubectl('dbaudit', 'tail', '-n', namespace, '--no-follow');
      return stdout.includes("app@app  SELECT 'the first' AS statement");
    });
    say('seen');
    process.stderr.write(`the first statement: ${times.join(', ')}\n`);
  } finally {
    await cluster.deleteNamespace(namespace);
  }
});
