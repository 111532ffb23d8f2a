import type { CommandContext } from '../context.ts';
import type { Collector } from './collector.ts';
import { connectCollector } from './connect.ts';

/** Connects, works, and ends the connections whatever came of it: else the process would not end. */
export async function withCollector<Result>(
  context: CommandContext,
  work: (collector: Collector) => Promise<Result>,
): Promise<Result> {
  const collector = await connectCollector(context);
  try {
    return await work(collector);
  } finally {
    collector.close();
  }
}
