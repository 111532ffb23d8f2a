import { type FileSinkSettings, openFileSink } from './file.ts';
import type { Sink } from './sink.ts';
import { openStdoutSink } from './stdout.ts';

/** As the configuration has it. */
export type SinkSettings = { readonly type: 'stdout' } | ({ readonly type: 'file' } & FileSinkSettings);

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

/** Every kind of sink. To add one: write its file, then name it here. */
function openSink(settings: SinkSettings): Sink | Promise<Sink> {
  switch (settings.type) {
    case 'stdout':
      return openStdoutSink();
    case 'file':
      return openFileSink(settings);
  }
}
