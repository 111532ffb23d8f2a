import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EVERYTHING } from '../../../../contract/filter.ts';
import { numberedEvent, RETENTION_DAYS, timeOfNumber } from '../../../support/collector/numbered-events.ts';
import { OpenStore } from '../../../support/collector/open-store.ts';
import { endWithUs } from '../../../support/leftovers.ts';
import { Random } from '../../../support/mutation/random.ts';
import { SEED } from '../../../support/seed.ts';

const CHILD = join(import.meta.dirname, '../../../support/collector/appending-process.ts');
const KILLS = Number(process.env.DBAUDIT_STORE_KILLS ?? (process.env.DBAUDIT_COLLECTOR_SCALE === 'full' ? 100 : 8));
/** What the child does before it is killed: rounds of keeping, and then lines, of which each batch has two. */
const MAX_ROUNDS = 3;
const MAX_LINES = 30;
const MAX_SPIN_MICROS = 20_000;

let kept: OpenStore;
beforeAll(() => {
  kept = new OpenStore();
});
afterAll(() => kept.remove());

/** What the child said of its events. */
interface Said {
  readonly acknowledged: Set<number>;
  sent: number;
  rounds: number;
}

function start(first: number): ChildProcess {
  const child = spawn(process.execPath, ['--no-warnings', CHILD, kept.directory.path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  return child;
}

interface Moment {
  readonly rounds: number;
  readonly lines: number;
  readonly spinMicros: number;
}

/** Kills the child somewhere behind a moment, and takes all it said. */
async function killAfter(child: ChildProcess, { rounds, lines, spinMicros }: Moment, said: Said): Promise<void> {
  if (child.stdout === null) throw new Error('the child has no output');
  const gone = once(child, 'exit');
  const done = said.rounds + rounds;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    note(line, said);
    if (said.rounds < done) continue;
    seen += 1;
    if (seen !== lines) continue;
    const until = process.hrtime.bigint() + BigInt(spinMicros) * 1_000n;
    while (process.hrtime.bigint() < until);
    child.kill('SIGKILL');
  }
  await gone;
  expect(child.signalCode).toBe('SIGKILL');
}

function note(line: string, said: Said): void {
  const [word, from, to] = line.split(' ');
  if (word === 'sent') said.sent = Math.max(said.sent, Number(from));
  if (word === 'round') said.rounds += 1;
  if (word === 'kept') for (let number = Number(from); number <= Number(to); number += 1) said.acknowledged.add(number);
}

test(`after ${KILLS} kills nothing that was acknowledged is lost, nothing is doubled, and the store opens`, async () => {
  const random = new Random(SEED);
  const said: Said = { acknowledged: new Set(), sent: -1, rounds: 0 };
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Those that were not acknowledged are sent again, as an agent does.
    const first = Math.max(0, said.sent - random.below(200));
    await killAfter(
      start(first),
      {
        rounds: random.below(MAX_ROUNDS),
        lines: 1 + random.below(MAX_LINES),
        spinMicros: random.below(MAX_SPIN_MICROS),
      },
      said,
    );
  }
  const store = await kept.open({ now: () => timeOfNumber(0) });
  const expired = timeOfNumber(said.sent + 1) - RETENTION_DAYS * 86_400_000;
  const found = new Map<number, number>();
  let wrong = 0;
  for await (const text of store.export({ range: { from: 0, to: timeOfNumber(said.sent + 1) }, filter: EVERYTHING })) {
    for (const line of text.trimEnd().split('\n')) {
      const event = JSON.parse(line);
      const number = event.event.sequence;
      found.set(number, (found.get(number) ?? 0) + 1);
      if (line.length !== JSON.stringify(numberedEvent(number)).length) wrong += 1;
    }
  }
  const lost = [...said.acknowledged].filter((number) => timeOfNumber(number) >= expired && !found.has(number));
  const doubled = [...found].filter(([, times]) => times > 1);
  const status = await store.status();
  process.stderr.write(
    `${KILLS} kills: ${said.acknowledged.size} events acknowledged, ${found.size} kept, ${said.rounds} rounds of keeping, ${status.partitions} partitions\n`,
  );
  expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: 0 });
  expect(said.acknowledged.size).toBeGreaterThan(100);
  for (const { chain, position } of await store.history.heads()) {
    const positions: number[] = [];
    for await (const { seal } of store.history.sealed(chain, 0, new AbortController().signal))
      positions.push(seal.position);
    const removed = (await store.history.retirements(chain)).reduce(
      (sum, { first, last }) => sum + last - first + 1,
      0,
    );
    expect(positions.length + removed).toBe(position);
  }
});

test('a store that another process has open is not opened', async () => {
  await kept.close();
  const child = start(1_000_000);
  const said: Said = { acknowledged: new Set(), sent: -1, rounds: 0 };
  const [line] = await once(createInterface({ input: child.stdout ?? process.stdin }), 'line');
  note(String(line), said);
  await expect(kept.open()).rejects.toThrow(/another process has the store in .* open: stop it first/);
  child.kill('SIGKILL');
  await once(child, 'exit');
});
