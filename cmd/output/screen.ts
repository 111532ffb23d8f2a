import { styleText } from 'node:util';
import { cutText, printable } from './text-width.ts';

/** Shorter work needs no word of what it waits for. */
const QUIET_MILLIS = 1_000;
const RENEWAL_MILLIS = 250;
const CLEAR_LINE = '\r\u001b[2K';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** How text reaches the terminal: data on standard output, everything else on standard error. */
export interface Screen {
  /** Columns of standard output; undefined where it is no terminal: nothing is cut then. */
  readonly width: number | undefined;
  /** As it is where `--color=never`, `NO_COLOR` or a pipe forbids colours. */
  paint(colour: Colour, text: string): string;
  /** One line of data. */
  print(line: string): void;
  /** One line for people, on standard error. */
  say(line: string): void;
  /**
   * Shows what is being waited for while `work` runs, once it takes longer than a second: a line that is renewed in a
   * terminal, a line for each change elsewhere. `update` gives the present state in words.
   */
  progress<Result>(title: string, work: (update: (state: string) => void) => Promise<Result>): Promise<Result>;
}

export type ColourChoice = 'auto' | 'always' | 'never';

type Terminal = NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };

/** The screen for these streams. `auto` paints where standard output is a terminal and NO_COLOR is not set. */
export function createScreen(options: {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly colour: ColourChoice;
}): Screen {
  const { stdout, stderr, environment, colour } = options;
  const painted =
    colour === 'always' ||
    (colour === 'auto' && stdout.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb');
  /** The line of progress that stands in the terminal now; other output goes where it was, and it comes again below. */
  let standing = '';
  const above = (write: () => void) => {
    if (standing !== '') stderr.write(CLEAR_LINE);
    write();
    if (standing !== '') stderr.write(standing);
  };
  const stand = (line: string) => {
    if (line === standing) return;
    stderr.write(`${CLEAR_LINE}${line}`);
    standing = line;
  };
  const screen: Screen = {
    width: stdout.isTTY === true ? stdout.columns : undefined,
    paint: (colour, text) => (painted && text !== '' ? styleText(colour, text, { validateStream: false }) : text),
    print: (line) => above(() => stdout.write(`${line}\n`)),
    say: (line) => above(() => stderr.write(`${line}\n`)),
    progress: async (title, work) => {
      const started = Date.now();
      let state = '';
      let told = '';
      const renew = () => {
        const line = state === '' ? title : `${title}: ${state}`;
        if (stderr.isTTY === true) {
          const seconds = Math.round((Date.now() - started) / 1_000);
          stand(cutText(`${line} (${seconds} s)`, (stderr.columns ?? 80) - 1));
        } else if (line !== told) {
          told = line;
          stderr.write(`${line}\n`);
        }
      };
      let clock: NodeJS.Timeout | undefined;
      const start = setTimeout(() => {
        renew();
        clock = setInterval(renew, RENEWAL_MILLIS);
      }, QUIET_MILLIS);
      try {
        return await work((now) => {
          state = printable(now);
        });
      } finally {
        clearTimeout(start);
        clearInterval(clock);
        if (standing !== '') stderr.write(CLEAR_LINE);
        standing = '';
      }
    },
  };
  return screen;
}
