import type { Loss } from '../event-store.ts';
import { lockDirectory } from './directory-lock.ts';
import { recover } from './recovery.ts';
import { prepareDirectory, SegmentFiles } from './segment-files.ts';
import { unavailable } from './spool-failure.ts';
import { Spool, type SpoolOptions } from './spool-store.ts';

/** A file of this size is written, sent and removed in tens of milliseconds. */
const SEGMENT_BYTES = 8_388_608;
/** A small spool is divided as well, so that it loses little at a time. */
const LEAST_SEGMENTS = 16;
/** What is known in memory of each segment bounds their number: 4096 take some 20 MB. */
const MOST_SEGMENTS = 4096;
/**
 * Takes up what an agent before this one left, and goes on behind it.
 * @throws StoreUnavailable where the directory cannot be used, or another process uses it (DBA4011)
 */
export async function openSpool(
  options: SpoolOptions,
): Promise<{ readonly spool: Spool; readonly losses: readonly Loss[] }> {
  const { directory, maxBytes, onNotice } = options;
  await prepareDirectory(directory);
  const lock = await lockDirectory(directory);
  const files = new SegmentFiles(directory);
  const most = Math.max(SEGMENT_BYTES, Math.ceil(maxBytes / MOST_SEGMENTS));
  const segmentBytes = Math.min(most, Math.ceil(maxBytes / LEAST_SEGMENTS));
  try {
    const { state, ledger, losses, foreign } = await recover(files, segmentBytes);
    if (foreign.length > 0) {
      onNotice(`spool ${directory}: left alone, for it is none of the spool’s: ${foreign.slice(0, 10).join(', ')}`);
    }
    const spool = new Spool(options, state, ledger, lock);
    await spool.begin();
    return { spool, losses };
  } catch (error) {
    await files.closeAll();
    await lock.release();
    throw unavailable(error, directory);
  }
}
