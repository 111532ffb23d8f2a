import { spawn } from 'node:child_process';
import { endWithUs } from './leftovers.ts';

const START_LIMIT_MILLIS = 20_000;
/** In KiB: 64 MiB hold what a load sends while tcpdump waits for a processor. */
const BUFFER_KIBIBYTES = 65_536;
/** tcpdump gets packets from the kernel's buffer once a second when there are few. */
const SETTLE_MILLIS = 1_500;

export interface Recording {
  /** Ends it; rejects when packets were dropped: a recording with holes proves nothing. */
  stop(): Promise<void>;
}

/** Records what passes on loopback from or to `ports` into `file` (pcap). Needs the right to capture. */
export async function record(ports: readonly number[], file: string): Promise<Recording> {
  const filter = ports.map((port) => `tcp port ${port}`).join(' or ');
  const child = spawn(
    'tcpdump',
    ['-i', 'lo', '-s', '0', '-B', `${BUFFER_KIBIBYTES}`, '-Z', 'root', '-w', file, filter],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  endWithUs(child);
  let said = '';
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      said += error.message;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`tcpdump did not start: ${said}`)), START_LIMIT_MILLIS);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('listening on')) {
        clearTimeout(late);
        resolve();
      }
    });
    exit.then(() => reject(new Error(`tcpdump ended: ${said}`))).catch(() => undefined);
  });
  return {
    async stop() {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MILLIS));
      child.kill('SIGINT');
      await exit;
      if (!/\b0 packets dropped by kernel/.test(said)) throw new Error(`tcpdump lost packets: ${said}`);
    },
  };
}
