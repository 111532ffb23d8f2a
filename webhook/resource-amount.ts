/** Billionths, the finest that a quantity can say. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const ONE = 1_000_000_000n;
const SUFFIXES: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': ONE,
  k: ONE * 1_000n,
  M: ONE * 1_000n ** 2n,
  G: ONE * 1_000n ** 3n,
  T: ONE * 1_000n ** 4n,
  P: ONE * 1_000n ** 5n,
  E: ONE * 1_000n ** 6n,
  Ki: ONE << 10n,
  Mi: ONE << 20n,
  Gi: ONE << 30n,
  Ti: ONE << 40n,
  Pi: ONE << 50n,
  Ei: ONE << 60n,
};
const QUANTITY = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3})|(n|u|m|k|[MGTPE]i?|Ki)?)$/;

/**
 * A quantity in billionths, exact, what is finer rounded up as the API server does.
 * @throws Error where the text is no quantity
 */
export function parseAmount(quantity: string | number): bigint {
  const [match, sign, whole = '', fraction = '', exponent, suffix = ''] = QUANTITY.exec(String(quantity)) ?? [];
  if (match === undefined || whole + fraction === '') throw new Error(`${quantity} is no quantity`);
  const power = Number(exponent ?? 0) - fraction.length;
  const scale = SUFFIXES[suffix] ?? ONE;
  const digits = BigInt(whole + fraction) * scale;
  const amount = power >= 0 ? digits * 10n ** BigInt(power) : dividedUp(digits, 10n ** BigInt(-power));
  return sign === '-' ? -amount : amount;
}

function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
