/** One run in a process of its own: `outage-main.ts {"receiver": …, "outages": […], "scale": {…}}` prints its result as JSON. */
import { runOutages } from './outage-run.ts';
import { startReceiver } from './receivers.ts';

// So that what ends with this process ends when it is told to end.
process.once('SIGTERM', () => process.exit(1));
const { receiver, outages, scale } = JSON.parse(process.argv[2] ?? '');
const result = await runOutages(await startReceiver(receiver), outages, scale);
process.stdout.write(JSON.stringify(result));
