import type { Cell, Figure, Language, Unit } from '../document.ts';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };
/** Shown where nothing is known. */
const NOTHING_KNOWN = '–';
/** In nanoseconds. Days, hours and minutes from two of them on, seconds from one. */
const SPANS = [
  ['day', 86_400e9],
  ['hour', 3_600e9],
  ['minute', 60e9],
  ['second', 1e9],
] as const;
/** As they are written beside numbers; Intl writes `secs` and `mins`. */
const SPAN_NAMES = {
  en: { millisecond: 'ms', second: 's', minute: 'min', hour: 'h', day: 'd' },
  zh: { millisecond: '毫秒', second: '秒', minute: '分钟', hour: '小时', day: '天' },
} as const;
const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
/** From there on a change is told as a multiple: nobody has a feeling for 2,500 %. */
const MOST_TIMES = 10;

/** Amounts and times for people of one language, by the clock of one time zone. */
export class Formats {
  readonly #language: Language;
  readonly #locale: string;
  readonly #whole: Intl.NumberFormat;
  readonly #share: Intl.NumberFormat;
  readonly #change: Intl.NumberFormat;
  readonly #compact: Intl.NumberFormat;
  readonly #moment: Intl.DateTimeFormat;
  readonly #minute: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;

  constructor(language: Language, timeZone: string) {
    const locale = LOCALES[language];
    const clock = { timeZone, hourCycle: 'h23' } as const;
    const date = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    this.#language = language;
    this.#locale = locale;
    this.#whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.#share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
    this.#change = new Intl.NumberFormat(locale, {
      style: 'percent',
      signDisplay: 'exceptZero',
      maximumFractionDigits: 1,
    });
    this.#compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
    // The Swedish way of writing dates is ISO 8601's, which nobody takes for the day of another month.
    this.#moment = new Intl.DateTimeFormat('sv-SE', { ...clock, ...date, ...TIME });
    this.#minute = new Intl.DateTimeFormat('sv-SE', { ...clock, ...date, hour: '2-digit', minute: '2-digit' });
    this.#day = new Intl.DateTimeFormat('sv-SE', { ...clock, month: '2-digit', day: '2-digit' });
  }

  cell(value: Cell, unit: Unit): string {
    if (value === null || value === '') return NOTHING_KNOWN;
    if (typeof value === 'string') return value;
    switch (unit) {
      case 'bytes':
        return this.bytes(value);
      case 'nanos':
        return this.nanos(value);
      case 'share':
        return this.share(value);
      case 'time':
        return this.#moment.format(value);
      default:
        return this.whole(value);
    }
  }

  whole(value: number): string {
    return this.#whole.format(value);
  }

  /** What is not all is never shown as 100 %, and what is not nothing never as 0 %. */
  share(value: number): string {
    if (value > 0.9999 && value < 1) return `>${this.#share.format(0.9999)}`;
    if (value > 0 && value < 0.0001) return `<${this.#share.format(0.0001)}`;
    return this.#share.format(value);
  }

  bytes(value: number): string {
    const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
    return this.#united(value / 1_000 ** power, BYTE_UNITS[power] ?? 'byte', 1);
  }

  nanos(value: number): string {
    const [unit, nanos] =
      SPANS.find(([, size]) => value >= (size === 1e9 ? size : 2 * size)) ?? (['millisecond', 1e6] as const);
    const amount = value / nanos;
    const digits = amount < 10 ? 2 : unit === 'millisecond' ? 0 : 1;
    const number = new Intl.NumberFormat(this.#locale, { maximumFractionDigits: digits }).format(amount);
    return `${number} ${SPAN_NAMES[this.#language][unit]}`;
  }

  /** For the scale of a chart. */
  short(value: number, unit: Unit): string {
    return unit === 'count' ? this.#compact.format(value) : this.cell(value, unit);
  }

  /** `2026-11-21 23:57` */
  minute(millis: number): string {
    return this.#minute.format(millis);
  }

  /** Below a chart: the time of day within three days, the day beyond. */
  tick(millis: number, spanMillis: number): string {
    return spanMillis > 3 * 86_400_000 ? this.#day.format(millis) : this.#minute.format(millis).slice(5);
  }

  /** `+12 %` or `×25` against the time before; undefined where there was nothing, or no such comparison makes sense. */
  change({ value, before, unit }: Figure): string | undefined {
    if (typeof value !== 'number' || before === undefined || before === 0 || unit === 'share') return undefined;
    const times = value / before;
    return times >= MOST_TIMES ? `×${this.#compact.format(times)}` : this.#change.format(times - 1);
  }

  #united(value: number, unit: string, digits: number): string {
    const options = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(this.#locale, options).format(value);
  }
}

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
