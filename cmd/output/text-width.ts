/**
 * Characters that take two columns of a terminal: East Asian Wide and Fullwidth, and emoji.
 * https://www.unicode.org/reports/tr11/
 */
const WIDE =
  /[\u1100-\u115F\u231A\u231B\u2329\u232A\u23E9-\u23EC\u23F0\u23F3\u25FD\u25FE\u2614\u2615\u2648-\u2653\u267F\u2693\u26A1\u26AA\u26AB\u26BD\u26BE\u26C4\u26C5\u26CE\u26D4\u26EA\u26F2\u26F3\u26F5\u26FA\u26FD\u2705\u270A\u270B\u2728\u274C\u274E\u2753-\u2755\u2757\u2795-\u2797\u27B0\u27BF\u2B1B\u2B1C\u2B50\u2B55\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{1B2FF}\u{1F004}\u{1F0CF}\u{1F18E}\u{1F191}-\u{1F19A}\u{1F1E6}-\u{1F202}\u{1F210}-\u{1F23B}\u{1F240}-\u{1F248}\u{1F250}-\u{1F265}\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F7E0}-\u{1F7EB}\u{1F900}-\u{1F9FF}\u{1FA70}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
/** Text presentation asked for, or emoji presentation: the latter widens what comes before it. */
const EMOJI_PRESENTATION = '\u{FE0F}';
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u200D]+$/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** What Screen.paint writes; no other sequence passes. */
const ESCAPE = '\u001b';
const COLOURS = new RegExp(`${ESCAPE}\\[(?:0|1|2|22|3[1236]|39)m`, 'g');
const COLOURS_KEPT = new RegExp(`(${COLOURS.source})`);
const RESET = `${ESCAPE}[0m`;

let segmenter: Intl.Segmenter | undefined;

/** Columns that the text takes in a terminal; colours take none. */
export function textWidth(text: string): number {
  const plain = text.replace(COLOURS, '');
  if (PRINTABLE_ASCII.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes(plain)) width += graphemeWidth(segment);
  return width;
}

/** The text, or its beginning and `…` where it is wider than `width`. A wide character is never halved. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let left = width - 1;
  let cut = '';
  let coloured = false;
  for (const [index, part] of text.split(COLOURS_KEPT).entries()) {
    if (index % 2 === 1) {
      cut += part;
      coloured = true;
      continue;
    }
    for (const { segment } of graphemes(part)) {
      left -= graphemeWidth(segment);
      if (left < 0) return `${cut}…${coloured ? RESET : ''}`;
      cut += segment;
    }
  }
  return cut;
}

/** One line that can do nothing to a terminal: white space is one blank, control and format characters become `\u{FFFD}`. */
export function printable(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text.replace(/ {2,}/g, ' ');
  const colours = text.match(COLOURS) ?? [];
  return text
    .split(COLOURS)
    .map((part, index) => `${clean(part)}${colours[index] ?? ''}`)
    .join('');
}

function clean(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/(?!\u200D)\p{C}/gu, '\u{FFFD}');
}

/** Made for the first text that needs it: it takes 20 ms, which help and completion do not spend. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function graphemeWidth(grapheme: string): number {
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) || grapheme.includes(EMOJI_PRESENTATION) ? 2 : 1;
}
