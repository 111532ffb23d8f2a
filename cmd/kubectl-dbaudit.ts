import { CommanderError } from 'commander';
import { UserError } from '../contract/user-error.ts';
import type { CommandContext } from './context.ts';
import { buildProgram } from './program.ts';

const context: CommandContext = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  exitCode: 0,
};

// `kubectl dbaudit replay … | head`: when the reader has enough, so have we.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await buildProgram(context).parseAsync(process.argv);
} catch (error) {
  if (error instanceof UserError) {
    process.stderr.write(`error ${error.code}: ${error.message}\n  next: ${error.nextStep}\n`);
    context.exitCode = 1;
  } else if (error instanceof CommanderError) {
    context.exitCode = error.exitCode; // commander has said what was wrong
  } else {
    throw error;
  }
}
process.exitCode = context.exitCode;
