import { type FileSinkSettings, openFileSink } from './file.ts';
import type { Sink } from './sink.ts';
import { openStdoutSink } from './stdout.ts';

/** As the configuration has it. */
export type SinkSettings = { readonly type: 'stdout' } | ({ readonly type: 'file' } & FileSinkSettings);

/** Every kind of sink. To add one: write its file, then name it here. */
const openers: {
  readonly [Type in SinkSettings['type']]: (
    settings: Extract<SinkSettings, { readonly type: Type }>,
  ) => Sink | Promise<Sink>;
} = {
  stdout: openStdoutSink,
  file: openFileSink,
};

/**
 * Opens all of them, in order.
 * @throws UserError where one cannot be opened; those opened before are closed again
 */
export async function openSinks(settings: readonly SinkSettings[]): Promise<Sink[]> {
  const sinks: Sink[] = [];
  try {
    for (const one of settings) sinks.push(await openSink(one));
    return sinks;
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.close()));
    throw error;
  }
}

function openSink(settings: SinkSettings): Sink | Promise<Sink> {
  return settings.type === 'file' ? openers.file(settings) : openers[settings.type](settings);
}
