import { parseArgs } from 'node:util';
import { UserError } from '../contract/user-error.ts';
import { VERSION } from '../contract/version.ts';
import { wordsOf } from '../delivery/system-error.ts';
import { StoreProblem } from './store/failure.ts';

const USAGE = `dbaudit-collector keeps audit events, and answers questions about them.

  dbaudit-collector run [--config FILE]            until SIGTERM
  dbaudit-collector import FILE [--config FILE]    takes a file of events, NDJSON, into the store; - reads standard input
  dbaudit-collector --version

Without --config all settings have their defaults; docs/collector.md has them.
`;

const OPTIONS = {
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command, file, ...rest] = positionals;
  if (values.version) process.stdout.write(`dbaudit-collector ${VERSION}\n`);
  else if (values.help) process.stdout.write(USAGE);
  else if (command === 'run' && file === undefined) await (await import('./run.ts')).run(values.config);
  else if (command === 'import' && file !== undefined && rest.length === 0)
    await (await import('./import.ts')).importFile(values.config, file);
  else
    throw commandLineError(command === undefined ? 'no command given' : `there is no command ${positionals.join(' ')}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw commandLineError(wordsOf(error));
  }
}

function commandLineError(message: string): UserError {
  return new UserError('DBA1004', message, '`dbaudit-collector --help` shows what there is');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UserError)
    process.stderr.write(`error ${error.code}: ${error.message}\n  next: ${error.nextStep}\n`);
  else if (error instanceof StoreProblem) process.stderr.write(`error: ${error.message}\n`);
  else throw error;
  process.exitCode = 1;
}
