import { openSpool } from '../../../../delivery/spool/spool.ts';
import { batchOf, eventsFrom, idsOf } from '../../../unit/delivery/spool/spool-events.ts';

/*
 * Appends to a spool until it is killed: `node appender.ts DIRECTORY settle|fill MEBIBYTES`. Prints a line for what the spool
 * has acknowledged: `a FIRST END`, and before each settling what may be gone from then on: `s ID ID …`. With `fill` nothing
 * is settled.
 */

const [directory = '', mode = 'settle', mebibytes = '64'] = process.argv.slice(2);
const TURNS = ['read', 'read', 'write', 'read', 'login', 'read', 'read', 'error'] as const;
const { spool } = await openSpool({
  directory,
  maxBytes: Number(mebibytes) * 1_048_576,
  dropOrder: [],
  fsync: 'never',
  fsyncMillis: 1000,
  onLoss: (loss) => process.stdout.write(`loss ${JSON.stringify(loss)}\n`),
  onNotice: (message) => process.stderr.write(`${message}\n`),
});

async function appendAlways(): Promise<never> {
  for (let id = 0; ; ) {
    // At most one block: one write, which a kill may cut short.
    const count = 1 + (id % 800);
    const events = eventsFrom(id, count, 'write', 600);
    await spool.append(
      batchOf(events.map((event) => ({ ...event, eventClass: TURNS[event.id % TURNS.length] ?? 'misc' }))),
    );
    process.stdout.write(`a ${id} ${id + count}\n`);
    id += count;
  }
}

/** Falls behind a little, so that there is always something pending. */
async function settleMost(): Promise<never> {
  for (let turn = 0; ; turn++) {
    const reading = await spool.read(spool.oldest, { events: 200, bytes: 200_000 });
    if (reading === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    else if (turn % 5 === 4) spool.giveBack(reading);
    else {
      process.stdout.write(`s ${idsOf(reading.batch).join(' ')}\n`);
      spool.settle(reading);
    }
  }
}

await Promise.all(mode === 'settle' ? [appendAlways(), settleMost()] : [appendAlways()]);
