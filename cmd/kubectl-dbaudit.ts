import { run } from './run.ts';

// `kubectl dbaudit replay … | head`: when the reader has enough, so have we.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one does not wait for the command to end by itself.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
}

// No `await` here: a single executable runs CommonJS.
void run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  signal: interruption.signal,
}).then((code) => {
  process.exitCode = code;
});
