/*
 * Character sets by MySQL's collation ids and names.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_character_set.html
 */

/** Text of `buffer[start, end)`. Never throws: what is no text becomes U+FFFD. */
export type DecodeText = (buffer: Buffer, start: number, end: number) => string;

/** Ranges of collation ids, first and last, with their character set. Ids above 255 do not fit into a handshake. */
const COLLATION_RANGES: readonly (readonly [number, number, string])[] = [
  [1, 1, 'big5'],
  [2, 2, 'latin2'],
  [5, 5, 'latin1'],
  [7, 7, 'koi8r'],
  [8, 8, 'latin1'],
  [9, 9, 'latin2'],
  [12, 12, 'ujis'],
  [13, 13, 'sjis'],
  [14, 14, 'cp1251'],
  [15, 15, 'latin1'],
  [16, 16, 'hebrew'],
  [18, 18, 'tis620'],
  [19, 19, 'euckr'],
  [20, 20, 'latin7'],
  [21, 21, 'latin2'],
  [22, 22, 'koi8u'],
  [23, 23, 'cp1251'],
  [24, 24, 'gb2312'],
  [25, 25, 'greek'],
  [26, 26, 'cp1250'],
  [27, 27, 'latin2'],
  [28, 28, 'gbk'],
  [29, 29, 'cp1257'],
  [30, 30, 'latin5'],
  [31, 31, 'latin1'],
  [34, 34, 'cp1250'],
  [35, 35, 'ucs2'],
  [36, 36, 'cp866'],
  [39, 39, 'macroman'],
  [41, 42, 'latin7'],
  [44, 44, 'cp1250'],
  [47, 49, 'latin1'],
  [50, 52, 'cp1251'],
  [53, 53, 'macroman'],
  [54, 55, 'utf16'],
  [56, 56, 'utf16le'],
  [57, 57, 'cp1256'],
  [58, 59, 'cp1257'],
  [60, 61, 'utf32'],
  [62, 62, 'utf16le'],
  [66, 66, 'cp1250'],
  [67, 67, 'cp1256'],
  [68, 68, 'cp866'],
  [70, 70, 'greek'],
  [71, 71, 'hebrew'],
  [74, 74, 'koi8r'],
  [75, 75, 'koi8u'],
  [77, 77, 'latin2'],
  [78, 78, 'latin5'],
  [79, 79, 'latin7'],
  [84, 84, 'big5'],
  [85, 85, 'euckr'],
  [86, 86, 'gb2312'],
  [87, 87, 'gbk'],
  [88, 88, 'sjis'],
  [89, 89, 'tis620'],
  [90, 90, 'ucs2'],
  [91, 91, 'ujis'],
  [94, 94, 'latin1'],
  [95, 96, 'cp932'],
  [97, 98, 'eucjpms'],
  [99, 99, 'cp1250'],
  [101, 124, 'utf16'],
  [128, 151, 'ucs2'],
  [159, 159, 'ucs2'],
  [160, 183, 'utf32'],
  [248, 250, 'gb18030'],
];

/** The character set of a collation id; all that is not listed is UTF-8 or as good as ASCII. */
export function characterSetOf(collationId: number): string {
  const range = COLLATION_RANGES.find(([first, last]) => collationId >= first && collationId <= last);
  return range?.[2] ?? 'utf8mb4';
}

/** MySQL's names with the labels of https://encoding.spec.whatwg.org/#names-and-labels. */
const ENCODING_LABELS: Readonly<Record<string, string>> = {
  big5: 'big5',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  cp1256: 'windows-1256',
  cp1257: 'windows-1257',
  cp866: 'ibm866',
  cp932: 'shift_jis',
  eucjpms: 'euc-jp',
  euckr: 'euc-kr',
  gb18030: 'gb18030',
  gb2312: 'gbk',
  gbk: 'gbk',
  greek: 'iso-8859-7',
  hebrew: 'iso-8859-8',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  latin2: 'iso-8859-2',
  latin5: 'windows-1254',
  latin7: 'iso-8859-13',
  macroman: 'macintosh',
  sjis: 'shift_jis',
  tis620: 'windows-874',
  ujis: 'euc-jp',
};

const WIDE_CHARACTER_SETS: ReadonlySet<string> = new Set(['ucs2', 'utf16', 'utf16le', 'utf32']);

export const decodeUtf8: DecodeText = (buffer, start, end) => buffer.utf8Slice(start, end);

const C1_CONTROLS = /[\x80-\x9f]/;

/** MySQL's latin1 is windows-1252; both agree outside 0x80 to 0x9f. */
const decodeLatin1: DecodeText = (buffer, start, end) => {
  const text = buffer.latin1Slice(start, end);
  return C1_CONTROLS.test(text) ? decoderOf('windows-1252').decode(buffer.subarray(start, end)) : text;
};

/**
 * A server cannot take these for a statement, and falls back on its default where a login asks for one; so what the
 * bytes are is decided by where their first zero stands: SQL begins with ASCII.
 */
const decodeWide: DecodeText = (buffer, start, end) => {
  const [first, second, third] = [buffer[start], buffer[start + 1], buffer[start + 2]];
  if (end - start < 2 || (first !== 0 && second !== 0)) return buffer.utf8Slice(start, end);
  if (first === 0 && second === 0 && third === 0) return decodeUtf32(buffer, start, end);
  return decoderOf(first === 0 ? 'utf-16be' : 'utf-16le').decode(buffer.subarray(start, end));
};

const MAX_CODE_POINT = 0x10ffff;

function decodeUtf32(buffer: Buffer, start: number, end: number): string {
  const characters: string[] = [];
  for (let position = start; position + 4 <= end; position += 4) {
    const codePoint = buffer.readUInt32BE(position);
    characters.push(codePoint > MAX_CODE_POINT ? '\ufffd' : String.fromCodePoint(codePoint));
  }
  return characters.join('');
}

const decoders = new Map<string, TextDecoder>();

/** Made when first needed: most agents only ever see UTF-8. */
function decoderOf(label: string): TextDecoder {
  let decoder = decoders.get(label);
  if (decoder === undefined) {
    decoder = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, decoder);
  }
  return decoder;
}

const decodersByCharacterSet = new Map<string, DecodeText>();

/** How text in MySQL's character set `name` is read. The same function for the same name. */
export function decodeTextOf(name: string): DecodeText {
  if (name === 'latin1') return decodeLatin1;
  if (WIDE_CHARACTER_SETS.has(name)) return decodeWide;
  const label = ENCODING_LABELS[name];
  if (label === undefined) return decodeUtf8;
  let decode = decodersByCharacterSet.get(name);
  if (decode === undefined) {
    decode = (buffer, start, end) => decoderOf(label).decode(buffer.subarray(start, end));
    decodersByCharacterSet.set(name, decode);
  }
  return decode;
}
