import type { CommandEntry } from '../commands/index.ts';
import type { CommandContext } from '../context.ts';
import { type GlobalOptions, globalOptions, parseGlobalOptions } from '../global-options.ts';
import { type Candidate, findCandidates } from './candidates.ts';
import { openClusterValues } from './cluster-values.ts';
import { readCommandLine } from './command-line.ts';

/** A shell waits for the answer with its cursor standing still. */
const PATIENCE = '2s';
/** A shell shows descriptions beside the words; longer ones wrap. */
const DESCRIPTION_CHARACTERS = 80;

interface Surroundings {
  readonly entries: readonly CommandEntry[];
  /** Words that stand for what the user has configured, put before those typed. */
  readonly defaults: readonly string[];
  openContext(globals: GlobalOptions): CommandContext;
}

/**
 * Prints what may stand in place of the last of `words`, in kubectl's protocol: a line for each candidate, a tab before
 * its description, and a last line `:` with what the shell does besides.
 * https://github.com/kubernetes/kubernetes/pull/105867
 */
export async function complete(words: readonly string[], surroundings: Surroundings): Promise<void> {
  const before = words.slice(0, -1);
  const partial = words.at(-1) ?? '';
  const globals = readGlobals([...surroundings.defaults, ...before]);
  const context = surroundings.openContext({ ...globals, requestTimeout: PATIENCE });
  const line = await readCommandLine(before, surroundings.entries, globalOptions(), context);
  const values = openClusterValues(context);
  const { candidates, directive } = await findCandidates(line, partial, surroundings.entries, values);
  context.stdout.write(`${[...candidates.map(toLine), `:${directive}`].join('\n')}\n`);
}

/** A line that is not finished may end in an option without its value, and may have others that are not valid. */
function readGlobals(words: readonly string[]): GlobalOptions {
  for (const known of [words, words.slice(0, -1), []]) {
    try {
      return parseGlobalOptions(known, () => {}).globals;
    } catch {
      // The next is shorter.
    }
  }
  return { color: 'auto' };
}

function toLine({ word, description }: Candidate): string {
  if (description === undefined || description === '') return word;
  const [line = ''] = description.split('\n');
  const cut = line.length <= DESCRIPTION_CHARACTERS ? line : `${line.slice(0, DESCRIPTION_CHARACTERS - 1)}…`;
  return `${word}\t${cut}`;
}
