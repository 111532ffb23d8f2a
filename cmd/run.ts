import type { Readable } from 'node:stream';
import { CommanderError } from 'commander';
import { UserError } from '../contract/user-error.ts';
import { type CommandEntry, commands } from './commands/index.ts';
import type { CommandContext } from './context.ts';
import { commandSettings, defaultWords, globalSettings, readFlagDefaults } from './flag-defaults.ts';
import { type GlobalOptions, globalOptions, parseGlobalOptions } from './global-options.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import { createScreen } from './output/screen.ts';
import { buildProgram, findEntry } from './program.ts';

/** 128 + SIGINT, as shells count. */
const INTERRUPTED = 130;

/** What shells run for a line that is being typed: no command of commander, which would take its words for options. */
const COMPLETE = '__complete';

/** What the plugin is given by the process, or by a test. */
export interface World {
  readonly stdin: Readable;
  readonly stdout: CommandContext['stdout'];
  readonly stderr: CommandContext['stderr'];
  readonly environment: CommandContext['environment'];
  readonly signal: AbortSignal;
  /** Instead of the API server that flags and kubeconfig name. */
  readonly cluster?: Cluster;
  /** Instead of those of commands/index.ts. */
  readonly commands?: readonly CommandEntry[];
}

/**
 * Runs the command that the words name. Gives the exit code, after it has told a user's error on standard error;
 * everything else that is thrown is a bug.
 */
export async function run(words: readonly string[], world: World): Promise<number> {
  const entries = world.commands ?? commands;
  let failed = 1;
  try {
    const defaults = await readFlagDefaults(world.environment);
    const globalDefaults = defaultWords(globalSettings(defaults, world.environment, globalOptions()));
    if (words[0] === COMPLETE) {
      const { complete } = await import('./completion/complete.ts');
      const open = (globals: GlobalOptions) => openContext(globals, world);
      await complete(words.slice(1), { entries, defaults: globalDefaults, openContext: open });
      return 0;
    }
    const { globals, rest } = parseGlobalOptions([...globalDefaults, ...words], (text) => world.stderr.write(text));
    // `help NAME` is `NAME --help`, and no word at all asks for help too.
    const asked = rest[0] === 'help' ? [...rest.slice(1), '--help'] : rest.length === 0 ? ['--help'] : rest;
    const entry = findEntry(asked, entries);
    if (entry?.asks === true) failed = 2;
    const context = openContext(globals, world);
    const program = await buildProgram(context, asked, entries);
    const [name, ...others] = asked;
    const own = entry !== undefined && entry.name === name ? defaultWords(commandSettings(defaults, name)) : [];
    await program.parseAsync([...(name === undefined ? [] : [name]), ...own, ...others], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : failed; // it has said what was wrong
    const { aborted } = world.signal;
    if (error instanceof UserError) {
      world.stderr.write(`error ${error.code}: ${error.message}\n  next: ${error.nextStep}\n`);
      return aborted ? INTERRUPTED : failed;
    }
    if (!aborted) throw error;
    world.stderr.write('interrupted: what was begun may be half done; the same command goes on from there\n');
    return INTERRUPTED;
  }
}

function openContext(globals: GlobalOptions, world: World): CommandContext {
  const { stdin, stdout, stderr, environment, signal } = world;
  const screen = createScreen({ stdout, stderr, environment, colour: globals.color });
  let cluster: Promise<Cluster> | undefined = world.cluster && Promise.resolve(world.cluster);
  let ownNamespace: Promise<string> | undefined =
    globals.dbauditNamespace === undefined ? undefined : Promise.resolve(globals.dbauditNamespace);
  const context: CommandContext = {
    stdin,
    stdout,
    stderr,
    environment,
    globals,
    screen,
    exitCode: 0,
    signal,
    cluster: () => {
      cluster ??= import('./kubernetes/connect.ts').then(({ connect }) => connect(globals, environment, screen.say));
      return cluster;
    },
    ownNamespace: () => {
      ownNamespace ??= Promise.all([import('./own-namespace.ts'), context.cluster()]).then(([module, cluster]) =>
        module.findOwnNamespace(cluster),
      );
      return ownNamespace;
    },
  };
  return context;
}
