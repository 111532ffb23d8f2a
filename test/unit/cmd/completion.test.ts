import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commands } from '../../../cmd/commands/index.ts';
import { SCRIPTS } from '../../../cmd/completion/scripts.ts';
import type { KubernetesObject } from '../../../cmd/kubernetes/cluster.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';

const OBJECTS: readonly KubernetesObject[] = [
  namespace('shop'),
  namespace('staging'),
  deployment('orders', 'shop'),
  deployment('billing', 'shop'),
  deployment('orders-canary', 'staging'),
];

const home = mkdtempSync(join(tmpdir(), 'dbaudit-completion-'));

beforeAll(() => {
  const named = (name: string) => ({ name, cluster: { server: 'https://127.0.0.1:1' } });
  const contexts = ['prod', 'test'].map((name) => ({ name, context: { cluster: 'east', user: 'maya' } }));
  const users = [{ name: 'maya', user: {} }];
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', clusters: [named('east')], contexts, users };
  writeFileSync(join(home, 'kubeconfig'), JSON.stringify({ ...kubeconfig, 'current-context': 'test' }));
});

afterAll(() => rmSync(home, { recursive: true }));

/** The words that are offered, and the directive. */
async function complete(words: readonly string[], cluster = new FakeCluster(OBJECTS, 'shop')): Promise<string[]> {
  const { code, stdout, stderr } = await runPlugin(['__complete', ...words], {
    cluster,
    environment: { KUBECONFIG: join(home, 'kubeconfig') },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/\n$|^:\d\n$/);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');
}

function namespace(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function deployment(name: string, namespace: string): KubernetesObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } };
}

describe('__complete offers', () => {
  test('every command that is not hidden, with its summary', async () => {
    const { stdout } = await runPlugin(['__complete', '']);
    const shown = commands.filter(({ hidden }) => !hidden);
    expect(stdout).toBe(`${shown.map(({ name, summary }) => `${name}\t${summary}\n`).join('')}:4\n`);
  });

  test.each<readonly [words: readonly string[], offered: readonly string[]]>([
    [['ta'], ['tail', ':4']],
    [
      ['help', 'ta'],
      ['tail', ':4'],
    ],
    [
      ['-n', 'shop', 'ta'],
      ['tail', ':4'],
    ],
    [
      ['--color=never', 'ta'],
      ['tail', ':4'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'powershell', 'install', ':4'],
    ],
    [
      ['completion', 'install', '--d'],
      ['--dir', '--dbaudit-namespace', ':4'],
    ],
    [
      ['coverage', '--only', ''],
      ['uncovered', ':4'],
    ],
    [
      ['coverage', '--only='],
      ['--only=uncovered', ':4'],
    ],
    [['coverage', '--only=x'], [':4']],
    [
      ['--color', 'a'],
      ['auto', 'always', ':4'],
    ],
    [
      ['coverage', '--rep'],
      ['--repair', ':4'],
    ],
    [['coverage', '--repair', '--rep'], [':4']],
    [['coverage', '--', '--rep'], [':4']],
    [['--namesp'], ['--namespace', ':4']],
    [
      ['explain', 'DBA1001'],
      ['DBA1001', ':4'],
    ],
    [
      ['explain', 'config.dbaudit.io/red'],
      ['config.dbaudit.io/redact', ':4'],
    ],
    [
      ['coverage', 'dae'],
      ['daemonset', ':4'],
    ],
    [['replay', ''], [':0']],
    [['--kubeconfig', ''], [':0']],
    [['nothing', ''], [':4']],
    [['options', ''], [':4']],
  ])('after %j: %j', async (words, offered) => {
    expect(await complete(words)).toEqual(offered);
  });

  test.each<readonly [words: readonly string[], offered: readonly string[]]>([
    [
      ['-n', ''],
      ['shop', 'staging', ':4'],
    ],
    [
      ['tail', '--namespace', 'st'],
      ['staging', ':4'],
    ],
    [
      ['tail', '--namespace=st'],
      ['--namespace=staging', ':4'],
    ],
    [
      ['--context', ''],
      ['prod', 'test', ':4'],
    ],
    [
      ['--cluster', ''],
      ['east', ':4'],
    ],
    [
      ['--user', 'm'],
      ['maya', ':4'],
    ],
    [
      ['enable', 'dep'],
      ['deployment/', ':6'],
    ],
    [
      ['enable', 'sts'],
      ['sts/', ':6'],
    ],
    [
      ['enable', 'deploy/'],
      ['deploy/billing', 'deploy/orders', ':4'],
    ],
    [
      ['enable', 'deploy/billing', 'deploy/'],
      ['deploy/orders', ':4'],
    ],
    [
      ['enable', 'deployment', 'o'],
      ['orders', ':4'],
    ],
    [
      ['enable', 'ns/s'],
      ['ns/shop', 'ns/staging', ':4'],
    ],
    [['enable', 'nothing/'], [':4']],
  ])('from the cluster and the kubeconfig after %j: %j', async (words, offered) => {
    expect(await complete(words)).toEqual(offered);
  });

  test('nothing, and no error, where the cluster may not be asked', async () => {
    const cluster = new FakeCluster(OBJECTS, 'shop');
    cluster.forbidden.add('list Namespace');
    expect(await complete(['-n', ''], cluster)).toEqual([':4']);
  });

  test('nothing, and no error, where there is no cluster', async () => {
    const { stdout } = await runPlugin(['__complete', '--kubeconfig', '/nonexistent', 'enable', 'deploy/']);
    expect(stdout).toBe(':4\n');
  });
});

describe('completion', () => {
  test('bash does with the script what the protocol says', () => {
    const program = join(home, 'kubectl-dbaudit');
    writeFileSync(
      program,
      '#!/bin/sh\nprintf "%s|" "$@" >"$0.asked"\nprintf "%s\\n" "--only=uncovered\tdescribed" ":4"\n',
      { mode: 0o755 },
    );
    const bash = spawnSync(
      'bash',
      [
        '--norc',
        '-c',
        `${SCRIPTS.bash}
compopt() { echo "compopt $*"; }
COMP_LINE='kubectl-dbaudit coverage --only=unc'; COMP_POINT=\${#COMP_LINE}
COMP_WORDS=(${program} coverage --only = unc); COMP_CWORD=4
_kubectl_dbaudit; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      { encoding: 'utf8' },
    );
    expect(bash).toMatchObject({ stdout: 'uncovered\n', stderr: '' });
    expect(readFileSync(`${program}.asked`, 'utf8')).toBe('__complete|coverage|--only=unc|');
  });

  test.each(['bash', 'zsh', 'fish', 'powershell'] as const)('prints the script for %s', async (shell) => {
    expect(await runPlugin(['completion', shell])).toEqual({ code: 0, stdout: SCRIPTS[shell], stderr: '' });
  });

  test('install writes beside the plugin what kubectl asks, and it asks the plugin', async () => {
    const directory = join(home, 'bin');
    mkdirSync(directory);
    writeFileSync(join(directory, 'kubectl-dbaudit'), '');
    writeFileSync(join(directory, 'kubectl'), '#!/bin/sh\nprintf "%s|" "$@"\n', { mode: 0o755 });
    const PATH = [directory, process.env.PATH].join(delimiter);
    const shim = join(directory, 'kubectl_complete-dbaudit');
    const told = await runPlugin(['completion', 'install'], { environment: { PATH } });
    expect(told).toEqual({ code: 0, stdout: '', stderr: `written: ${shim}\n` });
    expect(statSync(shim).mode & 0o777).toBe(0o755);
    const { stdout } = spawnSync(shim, ['tail', '-n', 'a b', ''], { encoding: 'utf8', env: { PATH } });
    expect(stdout).toBe('dbaudit|__complete|tail|-n|a b||');
  });

  test('install says where PATH does not lead, and what cannot be written', async () => {
    const outside = await runPlugin(['completion', 'install', '--dir', home], { environment: { PATH: '/usr/bin' } });
    expect(outside.stderr).toContain(`${home} is not on PATH`);
    const nowhere = await runPlugin(['completion', 'install', '--dir', join(home, 'missing')]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error DBA1004: .*ENOENT.*\n {2}next: /) });
    const unknown = await runPlugin(['completion', 'install'], { environment: { PATH: '/nonexistent' } });
    expect(unknown.stderr).toContain('kubectl-dbaudit is not on PATH');
    expect(existsSync(join(home, 'missing'))).toBe(false);
  });
});
