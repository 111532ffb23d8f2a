import * as z from 'zod';
import { fileSink } from './file.ts';
import { httpSink } from './http.ts';
import { kafkaSink } from './kafka.ts';
import { openSearchSink } from './opensearch.ts';
import { otlpSink } from './otlp.ts';
import type { EventFormat, ReadBack, Sink, SinkContext, SinkKind, SinkSchema } from './sink.ts';
import { stdoutSink } from './stdout.ts';
import { syslogSink } from './syslog.ts';

/** Every kind of sink. To add one: write its file, then name it here. */
const KINDS = [stdoutSink, fileSink, kafkaSink, openSearchSink, httpSink, otlpSink, syslogSink] as const;

/** One entry of the configuration's `sinks`. */
export const sinkSchema = z.discriminatedUnion('type', [
  KINDS[0].schema,
  ...KINDS.slice(1).map(({ schema }) => schema),
]);

export type SinkSettings = z.infer<(typeof KINDS)[number]['schema']>;

const kinds: readonly SinkKind<SinkSchema>[] = KINDS;

function kindOf({ type }: SinkSettings): SinkKind<SinkSchema> {
  const kind = kinds.find(({ schema }) => schema.shape.type.value === type);
  if (kind === undefined) throw new TypeError(`there is no kind of sink ${type}`);
  return kind;
}

/** What the sink is called: by its settings, or by its type. */
export function sinkName({ name, type }: SinkSettings): string {
  return name ?? type;
}

/** Whether its receiver is another machine: it may be away, so events are spooled for it. */
export function isRemote({ type }: SinkSettings): boolean {
  return type !== 'stdout' && type !== 'file';
}

/** Where events go, for people; no credentials. */
export function sinkPlace(settings: SinkSettings): string {
  return kindOf(settings).place(settings);
}

export function sinkFormat(settings: SinkSettings, ofAgent: EventFormat): EventFormat {
  return settings.format ?? kindOf(settings).defaultFormat?.(settings) ?? ofAgent;
}

/** A sink as people are shown it. */
export interface SinkDescription {
  readonly name: string;
  readonly type: string;
  readonly place: string;
  readonly format: EventFormat;
}

export function describeSink(settings: SinkSettings, ofAgent: EventFormat): SinkDescription {
  const { type } = settings;
  return { name: sinkName(settings), type, place: sinkPlace(settings), format: sinkFormat(settings, ofAgent) };
}

/** @throws UserError where it can never work as configured */
export async function openSink(settings: SinkSettings, context: SinkContext): Promise<Sink> {
  return kindOf(settings).open(settings, context);
}

/**
 * Opens all of them, in order.
 * @throws UserError where one cannot be opened; those opened before are closed again
 */
export async function openSinks(settings: readonly SinkSettings[], context: SinkContext): Promise<Sink[]> {
  const sinks: Sink[] = [];
  try {
    for (const one of settings) sinks.push(await openSink(one, context));
    return sinks;
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.close()));
    throw error;
  }
}

/** Undefined where the receiver does not let us read. */
export async function openReadBack(settings: SinkSettings, context: SinkContext): Promise<ReadBack | undefined> {
  return kindOf(settings).readBack?.(settings, context);
}
