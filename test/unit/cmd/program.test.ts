import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { type CommandEntry, commands } from '../../../cmd/commands/index.ts';
import { globalOptions, parseGlobalOptions } from '../../../cmd/global-options.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import { runPlugin } from '../../support/plugin.ts';

describe('kubectl dbaudit', () => {
  test('without a word it helps', async () => {
    const { code, stdout, stderr } = await runPlugin([]);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: kubectl dbaudit COMMAND \[options\]$/m);
    expect(stdout.match(/^(Get started|Choose targets|See traffic|Other):$/gm)).toHaveLength(4);
    for (const { name, summary, hidden } of commands) {
      if (hidden !== true) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.split(' ')[0]}`, 'm'));
    }
  });

  test('no line of its help is wider than a narrow terminal', async () => {
    for (const words of [['--help'], ...commands.map(({ name }) => [name, '--help'])]) {
      const { stdout } = await runPlugin(words, { columns: 80 });
      const items = stdout.split('\n').filter((line) => /^ {2}(-|\w+ {2,})/.test(line));
      expect(items.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test('a word that is no command is refused, with what was meant', async () => {
    const { code, stderr } = await runPlugin(['stauts']);
    expect(code).toBe(1);
    expect(stderr).toContain("unknown command 'stauts'");
    expect(stderr).toContain('Did you mean status?');
  });

  test.each([[['help', 'replay']], [['replay', '--help']]])('%j is the help of the command', async (words) => {
    const { code, stdout } = await runPlugin(words);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: kubectl dbaudit replay [options] <file...>');
  });

  test.each(commands.map((entry) => [entry.name, entry] as const))('%s is what the list says', async (name, entry) => {
    const context = { globals: { color: 'auto' }, stdout: process.stdout } as never;
    const command = (await entry.load())(context);
    expect(command.name()).toBe(name);
    if (entry.hidden === true) return;
    const longs = globalOptions().flatMap(({ long, short }) => [long, short]);
    expect(
      command.options.filter(({ long, short }) => longs.includes(long) || (short && longs.includes(short))),
    ).toEqual([]);
    expect(entry.summary).not.toMatch(/\.$|^[A-Z][a-z]/);
  });

  test('help loads no library but the command line’s', () => {
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
      process.argv = ['node', 'kubectl-dbaudit', '--help'];
      await import('./cmd/kubectl-dbaudit.ts');
      process.on('exit', () => process.stderr.write(JSON.stringify(loaded)));
    `;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const packages = [...stderr.matchAll(/node_modules\/((?:@[\w-]+\/)?[\w.-]+)/g)].map(([, name]) => name);
    expect([...new Set(packages)]).toEqual(['commander']);
    expect(stderr).toContain('cmd/program.ts');
    expect(stderr).not.toMatch(/cmd\/(kubernetes|installation|commands\/(?!index))/);
  });
});

describe('exit codes', () => {
  const entry = (name: string, action: (command: Command) => Command, asks = false): CommandEntry => ({
    name,
    group: 'Other',
    summary: 'for this test',
    ...(asks ? { asks } : {}),
    load: async () => () => action(new Command(name)),
  });

  test.each([
    [['status', '--nonsense'], 1],
    [['check', '--nonsense'], 2],
    [['check', '--color=pink'], 1],
    [['check'], 2],
    [['status'], 1],
  ])('%j without a cluster ends with %d', async (words, code) => {
    expect((await runPlugin(words)).code).toBe(code);
  });

  test('a command that was interrupted says so', async () => {
    const interrupted = new AbortController();
    const waiting = entry('wait', (command) =>
      command.action(async () => {
        interrupted.abort();
        interrupted.signal.throwIfAborted();
      }),
    );
    const { code, stderr } = await runPlugin(['wait'], { signal: interrupted.signal, commands: [waiting] });
    expect(code).toBe(130);
    expect(stderr).toMatch(/^interrupted/);
  });

  test('what is no user’s error is thrown', async () => {
    const broken = entry('break', (command) =>
      command.action(() => {
        throw new TypeError('a bug');
      }),
    );
    await expect(runPlugin(['break'], { commands: [broken] })).rejects.toThrow('a bug');
  });
});

describe('global options', () => {
  const parse = (...words: string[]) => parseGlobalOptions(words, () => undefined);

  test('they stand anywhere, and the command gets the rest in its order', () => {
    const { globals, rest } = parse('tail', '--slower', '1s', '-n', 'shop', 'deploy/a', '--context=c', '-f');
    expect(globals).toMatchObject({ namespace: 'shop', context: 'c' });
    expect(rest).toEqual(['tail', '--slower', '1s', 'deploy/a', '-f']);
  });

  test('after -- they are the command’s', () => {
    expect(parse('replay', '--', '-n')).toMatchObject({ rest: ['replay', '--', '-n'] });
    expect(parse('replay', '--', '-n').globals.namespace).toBeUndefined();
  });

  test('groups add up', () => {
    expect(parse('x', '--as-group', 'a', '--as-group=b').globals.asGroup).toEqual(['a', 'b']);
  });

  test('an option without its value is refused', () => {
    expect(() => parse('status', '--context')).toThrow(/argument missing/);
  });

  test('all of `kubectl options` that concern a cluster are there', () => {
    const names = globalOptions().map(({ long }) => long?.slice(2));
    expect(names).toEqual(
      expect.arrayContaining([
        ...['as', 'as-group', 'as-uid', 'cache-dir', 'certificate-authority', 'client-certificate', 'client-key'],
        ...['cluster', 'context', 'insecure-skip-tls-verify', 'kubeconfig', 'namespace', 'request-timeout'],
        ...['server', 'tls-server-name', 'token', 'user', 'v'],
      ]),
    );
  });
});

describe('defaults of flags', () => {
  const directories: TemporaryDirectory[] = [];
  afterAll(() => {
    for (const directory of directories) directory.remove();
  });

  function configured(text: string): Readonly<Record<string, string>> {
    const temporary = temporaryDirectory('config');
    directories.push(temporary);
    const directory = temporary.path;
    mkdirSync(join(directory, 'dbaudit'));
    writeFileSync(join(directory, 'dbaudit', 'config.yaml'), text);
    return { XDG_CONFIG_HOME: directory };
  }
  const cluster = () => new FakeCluster();

  test('of a command, from the file', async () => {
    const environment = configured('commands:\n  version:\n    output: json\n    client: true\n');
    const { stdout } = await runPlugin(['version'], { environment, cluster: cluster() });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Version' });
    const { stdout: overruled } = await runPlugin(['version', '-o', 'yaml'], { environment, cluster: cluster() });
    expect(overruled).toMatch(/^apiVersion: /);
  });

  test('global ones, from the environment over the file', async () => {
    const environment = { ...configured('color: pink\n'), DBAUDIT_COLOR: 'green' };
    const { code, stderr } = await runPlugin(['version', '--client'], { environment });
    expect(code).toBe(1);
    expect(stderr).toContain("'green' is invalid");
  });

  test.each([
    ['nonsense: 1\n', '--nonsense'],
    ['- a\n', 'not a map'],
    ['a: [', 'config.yaml'],
  ])('%j is refused', async (text, named) => {
    const { code, stderr } = await runPlugin(['version', '--client'], { environment: configured(text) });
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1001');
    expect(stderr).toContain(named);
  });
});

describe('kubectl dbaudit replay', () => {
  test('prints events as JSON lines', async () => {
    const { stdout } = await runPlugin(['replay', '-o', 'json', 'tools/demo/recording.pcap.gz']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.some((event) => event.event.action === 'db.query')).toBe(true);
  });

  test('a file that is not there is the user’s error, with the next step', async () => {
    const { code, stderr } = await runPlugin(['replay', '/nowhere.pcap']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error DBA1002: .*\/nowhere\.pcap/);
    expect(stderr).toMatch(/^ {2}next: /m);
  });

  test.each([[['replay']], [['replay', '-o', 'xml', 'x']]])('%j is refused', async (words) => {
    expect((await runPlugin(words)).code).toBe(1);
  });
});
