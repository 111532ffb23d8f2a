import type { Argument, Command, Option } from 'commander';
import type { CommandEntry } from '../commands/index.ts';
import type { CommandContext } from '../context.ts';

/** What a half-typed command line means up to the word that is being typed. */
export interface CommandLine {
  /** Undefined before its name. */
  readonly command: Command | undefined;
  /** A word stands where the name of a command belongs, and is none. */
  readonly unknown: boolean;
  /** `help NAME` is `NAME --help`. */
  readonly asksHelp: boolean;
  /** Everything that may start with `-` here. */
  readonly options: readonly Option[];
  readonly used: ReadonlySet<Option>;
  /** The option whose value the next word is. */
  readonly awaiting: Option | undefined;
  /** After `--` nothing is an option. */
  readonly optionsEnded: boolean;
  /** Given to the command so far. */
  readonly operands: readonly string[];
  /** What the next operand is; the last argument again where it takes many. */
  readonly argument: Argument | undefined;
}

/** Reads the words before the one that is being typed, with the options of the command that they name. */
export async function readCommandLine(
  words: readonly string[],
  entries: readonly CommandEntry[],
  globals: readonly Option[],
  context: CommandContext,
): Promise<CommandLine> {
  let command: Command | undefined;
  let options = [...globals];
  let awaiting: Option | undefined;
  let optionsEnded = false;
  let asksHelp = false;
  let unknown = false;
  const used = new Set<Option>();
  const operands: string[] = [];
  for (const word of words) {
    if (awaiting !== undefined) {
      awaiting = undefined;
    } else if (word === '--' && !optionsEnded) {
      optionsEnded = true;
    } else if (word.startsWith('-') && !optionsEnded) {
      const option = findOption(word, options);
      if (option === undefined) continue;
      used.add(option);
      if (option.required && (word === option.long || word === option.short)) awaiting = option;
    } else if (command === undefined) {
      if (word === 'help') {
        asksHelp = true;
        continue;
      }
      const entry = entries.find(({ name }) => name === word);
      if (entry === undefined) unknown = true;
      else command = (await entry.load())(context);
      options = [...(command?.createHelp().visibleOptions(command) ?? []), ...globals];
    } else {
      const child: Command | undefined =
        operands.length === 0 ? command.commands.find((candidate) => candidate.name() === word) : undefined;
      if (child === undefined) operands.push(word);
      else {
        command = child;
        options = [...child.createHelp().visibleOptions(child), ...globals];
      }
    }
  }
  const taken = command?.registeredArguments ?? [];
  const last = taken.at(-1);
  const argument = taken[operands.length] ?? (last?.variadic === true ? last : undefined);
  return { command, unknown, asksHelp, options, used, awaiting, optionsEnded, operands, argument };
}

/** `--output`, `--output=json`, `-o` or `-ojson`. */
export function findOption(word: string, options: readonly Option[]): Option | undefined {
  const [name] = word.split('=');
  return options.find(
    ({ long, short, required }) =>
      name === long ||
      word === short ||
      (required && short !== undefined && !word.startsWith('--') && word.startsWith(short)),
  );
}
