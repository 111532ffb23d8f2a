import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { buildProgram } from '../../../cmd/program.ts';
import { UserError } from '../../../contract/user-error.ts';

/** Runs the plugin within this process; gives what it wrote. */
async function runPlugin(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = () => ({ stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') });
  const program = buildProgram({ stdin: new PassThrough(), stdout, stderr, exitCode: 0 });
  await program.parseAsync(['node', 'kubectl-dbaudit', ...words]);
  return written();
}

describe('kubectl dbaudit replay', () => {
  test('prints the table, and the summary beside it', async () => {
    const { stdout, stderr } = await runPlugin('replay', 'tools/demo/recording.pcap.gz');
    expect(stdout).toMatch(/^TIME +CLIENT -> SERVER +USER@DATABASE +STATEMENT/);
    expect(stdout).toMatch(/app@app +SELECT id, total FROM orders WHERE customer = 'Ada' +1 /);
    expect(stderr).toMatch(/^mysql: \d+ sessions, \d+ statements$/m);
  });

  test('prints events as JSON lines', async () => {
    const { stdout } = await runPlugin('replay', '-o', 'json', 'tools/demo/recording.pcap.gz');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.some((event) => event.event.action === 'db.query')).toBe(true);
  });

  test('a file that is not there is the user’s error, with the next step', async () => {
    const run = runPlugin('replay', '/nowhere.pcap');
    await expect(run).rejects.toBeInstanceOf(UserError);
    await expect(run).rejects.toThrow(/\/nowhere\.pcap/);
  });

  test.each([[['replay']], [['replay', '-o', 'xml', 'x']], [['fly']]])('%j is refused with help', async (words) => {
    await expect(runPlugin(...words)).rejects.toThrow();
  });
});
