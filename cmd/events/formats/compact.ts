import type { AuditEvent } from '../../../contract/audit-event.ts';
import { cutText, textWidth } from '../../output/text-width.ts';
import { isGap } from '../kinds.ts';
import { ownPod, type Parties, type Party, partiesOf, partyText } from '../known-addresses.ts';
import type { Received } from '../received.ts';
import { accountOf, durationText, eventWords, gapWords, readable, rowsOf } from './event-words.ts';
import type { EventFormat, FormatSettings } from './format.ts';
import { paintParts } from './highlight.ts';

const GAP = '  ';
const ROWS_WIDTH = 4;
const TOOK_WIDTH = 5;
/** Shorter statements are filled up to it where there is no terminal, so that most rows stand in one column. */
const STATEMENT_WIDTH_IN_PIPES = 60;
const NARROWEST_STATEMENT = 20;

/** How wide a column may get. The statement has what is left. */
interface Caps {
  readonly client: number;
  readonly server: number;
  readonly account: number;
}

const UNLIMITED: Caps = {
  client: Number.POSITIVE_INFINITY,
  server: Number.POSITIVE_INFINITY,
  account: Number.POSITIVE_INFINITY,
};

/** On 80 columns there is no room for both sides: who asked is more than who answered. */
function capsFor(width: number | undefined): Caps {
  if (width === undefined) return UNLIMITED;
  if (width < 100) return { client: 14, server: 0, account: 12 };
  if (width < 120) return { client: 16, server: 16, account: 12 };
  if (width < 140) return { client: 20, server: 20, account: 16 };
  return { client: 30, server: 26, account: 20 };
}

interface Cells {
  readonly time: string;
  readonly client: string;
  readonly server: string;
  readonly account: string;
  readonly rows: string;
  readonly took: string;
}

const HEADINGS: Cells = {
  time: 'TIME',
  client: 'CLIENT',
  server: 'SERVER',
  account: 'USER@DB',
  rows: 'ROWS',
  took: 'TOOK',
};

/** The line that `tail`, `replay` and the demo print: one for each event, cut to the terminal. */
export class CompactFormat implements EventFormat {
  readonly #settings: FormatSettings;
  /** Columns grow with what they have to hold, and never shrink: lines keep their places. */
  readonly #widths: Record<'time' | 'client' | 'server' | 'account', number>;

  constructor(settings: FormatSettings) {
    this.#settings = settings;
    const { time, client, server, account } = HEADINGS;
    this.#widths = { time: time.length, client: client.length, server: server.length, account: account.length };
  }

  headings(): readonly string[] {
    const unpainted: FormatSettings['paint'] = (_, text) => text;
    return [this.#line(HEADINGS, (room) => fill('STATEMENT', room), unpainted)];
  }

  prepare(events: readonly Received[]): void {
    for (const { event } of events) this.#widen(this.#cells(event));
  }

  lines({ event }: Received): readonly string[] {
    const cells = this.#cells(event);
    this.#widen(cells);
    return [this.#line(cells, (room) => this.#what(event, room), this.#settings.paint)];
  }

  #cells(event: AuditEvent): Cells {
    const { time, known } = this.#settings;
    const { client, server }: Parties = partiesOf(event, known);
    return {
      time: time(event['@timestamp']),
      client: this.#name(client?.name ?? ownPod(event) ?? '-'),
      server: this.#server(server),
      account: accountOf(event),
      rows: rowsOf(event),
      took: durationText(event.event.duration),
    };
  }

  /** The port of a client says little: a session's id is in the wide format. */
  #name(name: string): string {
    const { homeNamespace } = this.#settings;
    const own = homeNamespace !== undefined && name.startsWith(`${homeNamespace}/`);
    return readable(own ? name.slice(homeNamespace.length + 1) : name);
  }

  #server(server: Party | undefined): string {
    return server === undefined ? '-' : partyText({ ...server, name: this.#name(server.name) });
  }

  #widen(cells: Cells): void {
    this.#widths.time = Math.max(this.#widths.time, cells.time.length);
    for (const column of ['client', 'server', 'account'] as const) {
      this.#widths[column] = Math.max(this.#widths[column], textWidth(cells[column]));
    }
  }

  /** `what` fills the room that the other columns leave; undefined: as much as it wants. */
  #line(cells: Cells, what: (room: number | undefined) => string, paint: FormatSettings['paint']): string {
    const width = this.#settings.width();
    const caps = capsFor(width);
    const [client, server, account] = (['client', 'server', 'account'] as const).map((column) => {
      const columnWidth = Math.min(this.#widths[column], caps[column]);
      return fill(cutMiddle(cells[column], columnWidth), columnWidth);
    });
    const time = fill(cells.time, this.#widths.time);
    const before = [paint('dim', time), paint('cyan', client ?? ''), server, account].filter((cell) => cell).join(GAP);
    // What has neither, such as a gap, has all the room.
    const numbers = `${GAP}${cells.rows.padStart(ROWS_WIDTH)}${GAP}${fillLeft(cells.took, TOOK_WIDTH)}`;
    const after = cells.rows === '' && cells.took === '' ? '' : numbers;
    const room = width === undefined ? undefined : width - textWidth(before) - GAP.length - textWidth(after);
    const statement = what(room === undefined ? undefined : Math.max(NARROWEST_STATEMENT, room));
    return `${before}${GAP}${statement}${after}`.trimEnd();
  }

  #what(event: AuditEvent, room: number | undefined): string {
    const { paint, highlight } = this.#settings;
    if (isGap(event)) return paint('red', fill(cut(gapWords(event), room), room));
    const { statement, error } = eventWords(event);
    const errorText = error === '' ? '' : `✘ ${error}`;
    // The error says more than the end of a long statement, but not without its beginning.
    const errorRoom =
      room === undefined ? undefined : Math.max(room - textWidth(statement) - GAP.length, Math.floor(room * 0.6));
    const shownError = cut(errorText, errorRoom);
    const rest = shownError === '' || room === undefined ? room : room - textWidth(shownError) - GAP.length;
    const shown = cut(statement, rest);
    const painted = paintParts(shown, highlight, paint, colourOf(event));
    if (shownError === '') return `${painted}${blanks(shown, room)}`;
    return `${painted}${GAP}${paint('red', shownError)}${blanks(`${shown}${GAP}${shownError}`, room)}`;
  }
}

/** What changes tables or rights stands out, what is no statement stands back. */
function colourOf({ dbaudit, event }: AuditEvent): 'yellow' | 'dim' | undefined {
  const statementClass = dbaudit.statement?.class;
  if (statementClass === 'DDL' || statementClass === 'ROLE') return 'yellow';
  return event.category.includes('database') ? undefined : 'dim';
}

function cut(text: string, room: number | undefined): string {
  return room === undefined ? text : cutText(text, room);
}

/** Pods differ at the end of their names, workloads at the beginning: the middle can be spared. */
function cutMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width === 0) return '';
  const end = Math.floor((width - 1) / 2);
  return `${cutText(text, width - end)}${text.slice(text.length - end)}`;
}

function fill(text: string, width: number | undefined): string {
  return `${text}${blanks(text, width)}`;
}

function fillLeft(text: string, width: number): string {
  return `${blanks(text, width)}${text}`;
}

function blanks(text: string, width: number | undefined): string {
  return ' '.repeat(Math.max(0, (width ?? STATEMENT_WIDTH_IN_PIPES) - textWidth(text)));
}
