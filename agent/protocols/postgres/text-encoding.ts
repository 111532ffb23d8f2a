/** Turns `buffer[start, end)` into text. */
export type ReadText = (buffer: Buffer, start: number, end: number) => string;

const readUtf8: ReadText = (buffer, start, end) => buffer.utf8Slice(start, end);
const readLatin1: ReadText = (buffer, start, end) => buffer.latin1Slice(start, end);

/**
 * PostgreSQL's names beside those the Encoding Standard knows already. Servers write them in upper case.
 * https://www.postgresql.org/docs/current/multibyte.html
 */
const labels: Readonly<Record<string, string>> = {
  BIG5: 'big5',
  EUC_CN: 'gbk',
  EUC_JP: 'euc-jp',
  EUC_JIS_2004: 'euc-jp',
  EUC_KR: 'euc-kr',
  GB18030: 'gb18030',
  GBK: 'gbk',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'iso-8859-9',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  SHIFT_JIS_2004: 'shift_jis',
  SJIS: 'shift_jis',
  UHC: 'euc-kr',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
};

const readers = new Map<string, ReadText>([['LATIN1', readLatin1]]);

/** How text in `clientEncoding` is read; UTF-8 for one that is not known, SQL_ASCII (which says nothing) included. */
export function textReader(clientEncoding: string): ReadText {
  const name = clientEncoding.toUpperCase();
  const known = readers.get(name);
  if (known !== undefined) return known;
  const label = labels[name];
  if (label === undefined) return readUtf8;
  const decoder = new TextDecoder(label);
  const reader: ReadText = (buffer, start, end) => decoder.decode(buffer.subarray(start, end));
  readers.set(name, reader);
  return reader;
}
