/** How much is made, and how long a receiver is away. */
export interface Scale {
  /** At least. */
  readonly events: number;
  readonly perSecond: number;
  readonly outageMillis: number;
  /** Between outages. */
  readonly quietMillis: number;
}

const QUICK: Scale = { events: 10_000, perSecond: 2000, outageMillis: 2000, quietMillis: 500 };
const FULL: Scale = { events: 200_000, perSecond: 5000, outageMillis: 20_000, quietMillis: 3000 };

/** `DBAUDIT_DELIVERY_SCALE=full` asks for what takes an hour. */
export const isFullScale = process.env.DBAUDIT_DELIVERY_SCALE === 'full';

export const SCALE: Scale = isFullScale ? FULL : QUICK;
