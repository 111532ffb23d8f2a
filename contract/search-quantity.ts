const NUMBER = /^([+-]?\d+(?:\.\d+)?)([A-Za-zµ]*)$/;

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};
/** In nanoseconds. */
const TIMES: Readonly<Record<string, number>> = {
  '': 1,
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** `10k`, `4Mi`; of a duration `200ms`, and nanoseconds where no unit is given. Undefined: it is no number. */
export function parseQuantity(text: string, isDuration: boolean): number | undefined {
  const [, number, unit = ''] = NUMBER.exec(text) ?? [];
  const factor = number === undefined ? undefined : (isDuration ? TIMES : SIZES)[unit];
  if (factor === undefined) return undefined;
  const value = Number(number) * factor;
  return factor === 1 ? value : Math.round(value);
}
