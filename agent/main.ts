import { parseArgs } from 'node:util';
import { UserError } from '../contract/user-error.ts';
import { VERSION } from '../contract/version.ts';

const USAGE = `usage:
  dbaudit-agent run [--config FILE] [--print-config]
      captures live until SIGTERM or SIGINT
  dbaudit-agent replay FILE... [--format native|packetbeat] [--redact secrets|literals|none]
      reads pcap and pcapng captures, gzip too, - is standard input; NDJSON on standard output, a summary on standard error
  dbaudit-agent sink list [--config FILE] [--json]
      where events go
  dbaudit-agent sink test NAME [--config FILE] [--json]
      writes one event to that sink, looks for it at the receiver, and says what is wrong; exit code 1 when it did not arrive
  dbaudit-agent --version | --help
`;

const OPTIONS = {
  config: { type: 'string' },
  'print-config': { type: 'boolean' },
  format: { type: 'string' },
  redact: { type: 'string' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Parts are loaded when their command runs: an agent that only captures never pays for the rest. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [command, ...rest] = positionals;
  if (values.version) {
    process.stdout.write(`dbaudit-agent ${VERSION}\n`);
    return 0;
  }
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'run') {
    if (rest.length > 0) throw commandLineError(`run takes no argument: ${rest.join(' ')}`);
    const stop = listenForSignals();
    const { loadConfig, printConfig } = await import('./config-file.ts');
    const load = () => loadConfig(values.config, process.env);
    if (values['print-config']) {
      process.stdout.write(printConfig(await load()));
      return 0;
    }
    const { run } = await import('./run.ts');
    return run(load, process.env, stop);
  }
  if (command === 'replay') {
    if (rest.length === 0) throw commandLineError('replay needs a file, or - for standard input');
    const { replay } = await import('./replay.ts');
    const { openStdoutSink, ReaderGone } = await import('../delivery/sinks/stdout.ts');
    try {
      const summary = await replay({
        files: rest,
        stdin: process.stdin,
        format: oneOf('--format', values.format ?? 'native', ['native', 'packetbeat']),
        redaction: oneOf('--redact', values.redact ?? 'secrets', ['secrets', 'literals', 'none']),
        sink: openStdoutSink(),
      });
      process.stderr.write(`${summary}\n`);
    } catch (error) {
      // `dbaudit-agent replay … | head`: when the reader has enough, so have we.
      if (!(error instanceof ReaderGone)) throw error;
    }
    return 0;
  }
  if (command === 'sink') {
    const { loadConfig } = await import('./config-file.ts');
    const config = await loadConfig(values.config, process.env);
    const { describeSinkTest, listSinks, runSinkTest } = await import('./sink-command.ts');
    const [action, name, ...more] = rest;
    if (action === 'list' && name === undefined) {
      process.stdout.write(listSinks(config, values.json === true));
      return 0;
    }
    if (action !== 'test' || name === undefined || more.length > 0)
      throw commandLineError('sink needs list, or test NAME');
    const report = await runSinkTest(config, name);
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describeSinkTest(report));
    return report.ok ? 0 : 1;
  }
  throw commandLineError(command === undefined ? 'no command given' : `there is no command ${command}`);
}

/**
 * Before the rest is loaded: process 1 of a container ignores a signal that it has no listener for, and would hold up
 * the end of a short job.
 */
function listenForSignals(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  return stop.signal;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw commandLineError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<Value extends string>(option: string, value: string, allowed: readonly Value[]): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw commandLineError(`${option} is ${value}, expected one of ${allowed.join(', ')}`);
  return found;
}

function commandLineError(message: string): UserError {
  return new UserError('DBA1004', message, '`dbaudit-agent --help` shows what there is');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`error ${error.code}: ${error.message}\n  next: ${error.nextStep}\n`);
  process.exitCode = 1;
}
