import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../contract/user-error.ts';
import type { Batch } from './batch.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from './sinks/failure.ts';
import { openReadBack, openSink, type SinkSettings, sinkName, sinkPlace } from './sinks/index.ts';
import type { ReadBack, Sink, SinkContext } from './sinks/sink.ts';
import { wordsOf } from './system-error.ts';

/** For one answer: a person waits. */
const ANSWER_LIMIT_MILLIS = 20_000;
/** A broker that makes a topic, or an index that is refreshed each second, needs a few seconds and a few tries. */
const TRYING_MILLIS = 6_000;
const PAUSE_MILLIS = 500;

interface SinkTestStep {
  readonly name: 'configuration' | 'write' | 'read-back';
  readonly outcome: 'ok' | 'failed' | 'not-possible';
  readonly millis: number;
  readonly code?: string;
  readonly message?: string;
  readonly nextStep?: string;
}

/** What `dbaudit-agent sink test --json` prints. */
export interface SinkTestReport {
  readonly sink: string;
  readonly type: string;
  readonly place: string;
  readonly steps: readonly SinkTestStep[];
  readonly eventId: string;
  /** No step failed. */
  readonly ok: boolean;
}

/** Events that can be recognised afterwards. */
export interface Canary {
  readonly eventId: string;
  readonly batch: Batch;
}

/**
 * Writes one event to the receiver, past any queue, and looks for it there where the receiver lets us read. Never rejects:
 * what goes wrong is in the report.
 */
export async function testSink(
  settings: SinkSettings,
  { eventId, batch }: Canary,
  context: SinkContext,
): Promise<SinkTestReport> {
  const steps: SinkTestStep[] = [];
  let sink: Sink | undefined;
  let readBack: ReadBack | undefined;
  const step = async (name: SinkTestStep['name'], work: () => Promise<Partial<SinkTestStep>>) => {
    if (steps.some(({ outcome }) => outcome === 'failed')) return;
    const started = performance.now();
    const told = await work().catch(explained);
    steps.push({ name, outcome: 'ok', millis: Math.round(performance.now() - started), ...told });
  };
  await step('configuration', async () => {
    sink = await openSink(settings, context);
    return {};
  });
  await step('write', async () => {
    if (settings.type === 'stdout')
      return { outcome: 'not-possible', message: 'standard output is there as long as the agent is' };
    await patiently(async (signal) => {
      readBack ??= await openReadBack(settings, context);
      const taken = await sink?.write(batch, signal);
      const [refused] = taken?.refused ?? [];
      if (refused !== undefined) throw new PoisonBatch(refused.reason);
      if (taken !== undefined && taken.again.length > 0)
        throw new TryAgain('DBA4007', 'the receiver did not take the event');
      return true;
    });
    return {};
  });
  await step('read-back', async () => {
    if (settings.type === 'stdout') return { outcome: 'not-possible', message: 'nothing was written' };
    if (readBack === undefined)
      return { outcome: 'not-possible', message: 'this receiver does not let us read; it acknowledged the event' };
    const reader = readBack;
    const found = await patiently((signal) => reader.has(eventId, signal));
    if (found) return {};
    return {
      outcome: 'failed',
      message: `the receiver acknowledged the event ${eventId}, but does not show it`,
      nextStep: 'look there whether something takes events away, and whether this account may read',
    };
  });
  await Promise.allSettled([readBack?.close(), sink?.close()]);
  const ok = steps.every(({ outcome }) => outcome !== 'failed');
  return { sink: sinkName(settings), type: settings.type, place: sinkPlace(settings), steps, eventId, ok };
}

/** Whether it gave true in time; a receiver that is not ready yet is asked again, and what it said last is thrown. */
async function patiently(attempt: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + TRYING_MILLIS;
  for (;;) {
    try {
      if (await attempt(AbortSignal.timeout(ANSWER_LIMIT_MILLIS))) return true;
      if (performance.now() > until) return false;
    } catch (error) {
      if (!(error instanceof TryAgain) || performance.now() > until) throw error;
    }
    await sleep(PAUSE_MILLIS);
  }
}

function explained(error: unknown): Partial<SinkTestStep> {
  if (error instanceof UserError || error instanceof WrongConfiguration)
    return { outcome: 'failed', code: error.code, message: error.message, nextStep: error.nextStep };
  if (error instanceof PoisonBatch) return { outcome: 'failed', code: 'DBA4010', message: error.message };
  if (error instanceof TryAgain) return { outcome: 'failed', code: error.code, message: error.message };
  return { outcome: 'failed', message: wordsOf(error) };
}
