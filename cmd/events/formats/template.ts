import type { Colour } from '../../output/screen.ts';
import { cutText, textWidth } from '../../output/text-width.ts';
import { type FieldPath, valueAt, valueText } from '../event-fields.ts';
import { isGap } from '../kinds.ts';
import { durationText, eventWords, gapWords, readable } from './event-words.ts';
import type { FormatSettings } from './format.ts';
import { type Piece, PiecewiseFormat, parsePath, templateError, withoutEscapes } from './pieces.ts';

const NAME = 'template';
const COLOURS = ['red', 'green', 'yellow', 'cyan', 'dim', 'bold'] as const satisfies readonly Colour[];

/** Text in, text out; `argument` is what stands after the function's name. */
type TextFunction = (text: string, argument: string, settings: FormatSettings) => string;

interface TemplateFunction {
  /** Undefined: it takes no argument. */
  readonly argument?: RegExp;
  readonly apply: TextFunction;
}

const COUNT = /^\d{1,4}$/;

/** What may stand behind `|`, applied from left to right. `--help` lists them. */
const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['time', { apply: (text, _, { time }) => (/^\d{4}-.*Z$/.test(text) ? time(text) : text) }],
  ['duration', { apply: (text) => (/^\d+$/.test(text) ? durationText(Number(text)) : text) }],
  ['json', { apply: (text) => JSON.stringify(text) }],
  ['upper', { apply: (text) => text.toUpperCase() }],
  ['lower', { apply: (text) => text.toLowerCase() }],
  ['cut', { argument: COUNT, apply: (text, width) => cutText(text, Number(width)) }],
  ['pad', { argument: COUNT, apply: (text, width) => text + blanks(text, width) }],
  ['padleft', { argument: COUNT, apply: (text, width) => blanks(text, width) + text }],
  [
    'or',
    {
      argument: /^.+$/s,
      apply: (text, other) => (text === '' ? withoutEscapes(other.replace(/^"(.*)"$/s, '$1')) : text),
    },
  ],
  ...COLOURS.map((colour): [string, TemplateFunction] => [
    colour,
    { apply: (text, _, { paint }) => paint(colour, text) },
  ]),
]);

/** Names that are no field: what the compact format makes of several. */
const WORDS: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ['statement', (event) => (isGap(event) ? gapWords(event) : eventWords(event).statement)],
]);

/**
 * `{{path | function argument | …}}` and fixed text, in which `\n` and `\t` are line end and tab. `{{statement}}` is
 * the statement with its parameters, or what the event says instead. Each event ends with a line end.
 * @throws UserError DBA1004 with the place
 */
export function templateFormat(template: string, settings: FormatSettings): PiecewiseFormat {
  const pieces: Piece[] = [];
  let at = 0;
  for (let open = template.indexOf('{{'); open !== -1; open = template.indexOf('{{', at)) {
    const close = template.indexOf('}}', open);
    if (close === -1) throw templateError(NAME, template, open, 'this {{ has no }}');
    const before = withoutEscapes(template.slice(at, open));
    pieces.push(() => before, parsePiece(template, open + 2, close, settings));
    at = close + 2;
  }
  const rest = withoutEscapes(template.slice(at));
  return new PiecewiseFormat([...pieces, () => rest]);
}

function parsePiece(template: string, from: number, to: number, settings: FormatSettings): Piece {
  const [source = '', ...calls] = template.slice(from, to).split('|');
  const name = source.trim();
  const value = WORDS.get(name) ?? fieldPiece(parsePath(name, NAME, template, from + source.search(/\S|$/)));
  let at = from + source.length + 1;
  const steps = calls.map((call) => {
    const step = parseCall(call, template, at);
    at += call.length + 1;
    return step;
  });
  return (event) => steps.reduce((text, step) => step(text, settings), value(event));
}

function fieldPiece(path: FieldPath): Piece {
  return (event) => readable(valueText(valueAt(event, path)));
}

function parseCall(call: string, template: string, at: number): (text: string, settings: FormatSettings) => string {
  const place = at + call.search(/\S|$/);
  const [, name = '', argument = ''] = /^(\S*)\s*(.*)$/s.exec(call.trim()) ?? [];
  const found = FUNCTIONS.get(name);
  if (found === undefined)
    throw templateError(
      NAME,
      template,
      place,
      `there is no function ${JSON.stringify(name)}; there are ${[...FUNCTIONS.keys()].join(', ')}`,
    );
  if (found.argument === undefined && argument !== '')
    throw templateError(NAME, template, place, `${name} takes nothing`);
  if (found.argument !== undefined && !found.argument.test(argument))
    throw templateError(NAME, template, place, `${name} takes ${name === 'or' ? 'a text' : 'a number'}`);
  return (text, settings) => found.apply(text, argument, settings);
}

function blanks(text: string, width: string): string {
  return ' '.repeat(Math.max(0, Number(width) - textWidth(text)));
}
