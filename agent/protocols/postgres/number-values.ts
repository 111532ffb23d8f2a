/* Binary numeric, uuid and network addresses: src/backend/utils/adt/{numeric,uuid,network}.c, `…_send`. */

const NUMERIC_SIGNS: ReadonlyMap<number, string> = new Map([
  [0x0000, ''],
  [0x4000, '-'],
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);
/** Zeros that may be written beyond the digits sent, in groups of four: bounds the text that eight bytes can ask for. */
const MAX_ZERO_GROUPS = 64;

/** Int16 groups, Int16 weight of the first group, Int16 sign, Int16 digits behind the point, then groups of four digits. */
export function numericText(buffer: Buffer, start: number, end: number): string | undefined {
  if (end - start < 8) return undefined;
  const groups = buffer.readUInt16BE(start);
  const weight = buffer.readInt16BE(start + 2);
  const sign = NUMERIC_SIGNS.get(buffer.readUInt16BE(start + 4));
  const scale = buffer.readUInt16BE(start + 6);
  const mostGroups = groups + MAX_ZERO_GROUPS;
  if (sign === undefined || end - start !== 8 + groups * 2) return undefined;
  if (weight > mostGroups || scale > mostGroups * 4) return undefined;
  if (sign.length > 1) return sign;
  const group = (index: number): string => {
    const value = index >= 0 && index < groups ? buffer.readUInt16BE(start + 8 + index * 2) : 0;
    return String(value).padStart(4, '0');
  };
  let whole = '';
  for (let index = 0; index <= weight; index += 1) whole += group(index);
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index += 1) fraction += group(index);
  const shownWhole = whole.replace(/^0+/, '') || '0';
  return `${sign}${shownWhole}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
}

export function uuidText(buffer: Buffer, start: number): string {
  const hex = buffer.hexSlice(start, start + 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const FAMILY_IPV4 = 2;
const FAMILY_IPV6 = 3;
const IPV4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/** Byte family, Byte bits of the netmask, Byte is cidr, Byte length, then the address. */
export function networkText(buffer: Buffer, start: number, end: number): string | undefined {
  if (end - start < 4) return undefined;
  const family = buffer[start];
  const bits = buffer[start + 1] ?? 0;
  const isCidr = buffer[start + 2] === 1;
  const length = buffer[start + 3] ?? 0;
  if (end - start !== 4 + length) return undefined;
  if (family === FAMILY_IPV4 && length === 4) {
    return withMask([...buffer.subarray(start + 4, end)].join('.'), bits, 32, isCidr);
  }
  if (family === FAMILY_IPV6 && length === 16) {
    return withMask(ipv6Text(buffer, start + 4), bits, 128, isCidr);
  }
  return undefined;
}

function withMask(address: string, bits: number, allBits: number, isCidr: boolean): string {
  return bits === allBits && !isCidr ? address : `${address}/${bits}`;
}

/** The longest run of zero groups is left out (RFC 5952); an IPv4 address within is written as one. */
function ipv6Text(buffer: Buffer, start: number): string {
  if (buffer.compare(IPV4_MAPPED, 0, 12, start, start + 12) === 0) {
    return `::ffff:${[...buffer.subarray(start + 12, start + 16)].join('.')}`;
  }
  const groups = Array.from({ length: 8 }, (_, index) => buffer.readUInt16BE(start + index * 2).toString(16)).join(':');
  const runs = [...groups.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = runs.reduce((best, run) => (run[0].length > best.length ? run[0] : best), '');
  if (longest === '') return groups;
  const at = runs.find((run) => run[0] === longest)?.index ?? 0;
  return `${groups.slice(0, at)}::${groups.slice(at + longest.length).replace(/^:/, '')}`;
}
