import { textWidth } from '../../output/text-width.ts';
import { isGap } from '../kinds.ts';
import { ownPod, type Party, partiesOf, partyText } from '../known-addresses.ts';
import type { Received } from '../received.ts';
import { accountOf, durationText, eventWords, gapWords, readable, rowsOf } from './event-words.ts';
import type { EventFormat, FormatSettings } from './format.ts';
import { paintParts } from './highlight.ts';

const GAP = '  ';
/** Enough of a session's 32 digits to tell those on one screen apart. */
const SESSION_DIGITS = 8;
const HEADINGS = [
  'TIME',
  'POD',
  'CLIENT',
  'SERVER',
  'PROTOCOL',
  'USER@DB',
  'OPERATION',
  'ROWS',
  'BYTES',
  'TOOK',
  'SESSION',
];

/** All that fits on a line, however wide; nothing is cut. */
export class WideFormat implements EventFormat {
  readonly #settings: FormatSettings;
  readonly #widths: number[] = HEADINGS.map(textWidth);

  constructor(settings: FormatSettings) {
    this.#settings = settings;
  }

  headings(): readonly string[] {
    return [`${this.#fill(HEADINGS)}STATEMENT`];
  }

  prepare(events: readonly Received[]): void {
    for (const received of events) this.#widen(this.#cells(received));
  }

  lines(received: Received): readonly string[] {
    const { paint, highlight } = this.#settings;
    const cells = this.#cells(received);
    this.#widen(cells);
    const { event } = received;
    const { statement, error } = eventWords(event);
    const what = isGap(event) ? paint('red', gapWords(event)) : paintParts(statement, highlight, paint, undefined);
    const failure = error === '' || isGap(event) ? '' : `${GAP}${paint('red', `✘ ${error}`)}`;
    return [`${this.#fill(cells)}${what}${failure}`];
  }

  #cells({ event }: Received): readonly string[] {
    const { time, known } = this.#settings;
    const { client, server } = partiesOf(event, known);
    const { db, dbaudit } = event;
    return [
      time(event['@timestamp']),
      ownPod(event) ?? '-',
      partyCell(client),
      partyCell(server),
      db?.system.name ?? '-',
      accountOf(event),
      [db?.operation?.name, dbaudit.statement?.class].filter((word) => word !== undefined).join('/') || '-',
      rowsOf(event) || '-',
      String(dbaudit.result?.bytes ?? '-'),
      durationText(event.event.duration) || '-',
      dbaudit.session?.id.slice(0, SESSION_DIGITS) ?? '-',
    ].map(readable);
  }

  #widen(cells: readonly string[]): void {
    for (const [column, cell] of cells.entries())
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, textWidth(cell));
  }

  #fill(cells: readonly string[]): string {
    return cells.map((cell, column) => cell + ' '.repeat((this.#widths[column] ?? 0) - textWidth(cell)) + GAP).join('');
  }
}

function partyCell(party: Party | undefined): string {
  return party === undefined ? '-' : partyText(party);
}
