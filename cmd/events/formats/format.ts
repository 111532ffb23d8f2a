import type { Screen } from '../../output/screen.ts';
import type { KnownAddresses } from '../known-addresses.ts';
import type { Received } from '../received.ts';
import type { TimeFormat } from './time-format.ts';

/** How events become lines. A format may learn from what it has seen, so each run has its own. */
export interface EventFormat {
  /** Come before the first event. */
  headings(): readonly string[];
  /** Shows what is to come, so that columns need not grow later. */
  prepare(events: readonly Received[]): void;
  lines(received: Received): readonly string[];
}

/** What formats for people need to know. */
export interface FormatSettings {
  /** Of the terminal as it is now; undefined: nothing is cut. */
  readonly width: () => number | undefined;
  readonly paint: Screen['paint'];
  readonly time: TimeFormat;
  readonly known: KnownAddresses;
  /** Pods of this namespace are shown without it. */
  readonly homeNamespace?: string;
  /** What `--include` looks for. */
  readonly highlight: readonly RegExp[];
}
