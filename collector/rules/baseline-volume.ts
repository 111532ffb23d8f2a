import * as z from 'zod';

const HOURS = 24;
/** Days of an hour before it is judged: a week has all its days. */
const MIN_DAYS = 7;
/** Fewer statements in an hour are nobody's concern. */
const MIN_STATEMENTS = 10_000;
/** So many times what is usual, and so many deviations beyond it, is unusual. */
const TIMES_USUAL = 3;
const DEVIATIONS = 4;
/** The weight of a day in what is usual: two weeks make most of it. */
const WEIGHT = 0.15;
/** Accounts at most; further ones are not watched. 24 hours of three numbers each. */
const MAX_ACCOUNTS = 2_000;

const hour = z.tuple([z.number(), z.number(), z.int()]);
const accountSchema = z.strictObject({ hour: z.int(), count: z.int(), usual: z.array(hour).length(HOURS) });
export const volumesSchema = z.record(z.string(), accountSchema);
type Account = z.infer<typeof accountSchema>;

/** How many statements an account sends in each hour of the day (UTC), as mean and variance that follow it slowly. */
export class VolumeMemory {
  readonly #accounts = new Map<string, Account>();

  constructor(stored: Readonly<Record<string, Account>>) {
    for (const [name, account] of Object.entries(stored).slice(0, MAX_ACCOUNTS)) this.#accounts.set(name, account);
  }

  /** Whether with this statement the account goes beyond what is usual; told once an hour. `hour`: since 1970. */
  see(name: string, hour: number): boolean {
    const account = this.#accounts.get(name) ?? this.#add(name, hour);
    if (account === undefined || hour < account.hour) return false;
    if (hour > account.hour) begin(account, hour);
    account.count += 1;
    const [mean, variance, days] = account.usual[hour % HOURS] ?? [0, 0, 0];
    if (days < MIN_DAYS) return false;
    const limit = Math.max(MIN_STATEMENTS, mean * TIMES_USUAL, mean + DEVIATIONS * Math.sqrt(variance));
    return account.count === Math.floor(limit) + 1;
  }

  toJSON(): Readonly<Record<string, Account>> {
    return Object.fromEntries(this.#accounts);
  }

  #add(name: string, hour: number): Account | undefined {
    if (this.#accounts.size >= MAX_ACCOUNTS) return undefined;
    const account: Account = { hour, count: 0, usual: Array.from({ length: HOURS }, () => [0, 0, 0]) };
    this.#accounts.set(name, account);
    return account;
  }
}

/** The hour that ended goes into what is usual; so do those without a statement, a day of them at most. */
function begin(account: Account, hour: number): void {
  const ended = account.hour;
  learn(account, ended, account.count);
  for (let quiet = ended + 1; quiet < Math.min(hour, ended + HOURS); quiet++) learn(account, quiet, 0);
  account.hour = hour;
  account.count = 0;
}

/** https://en.wikipedia.org/wiki/Exponential_smoothing, of mean and variance. */
function learn(account: Account, hour: number, count: number): void {
  const [mean, variance, days] = account.usual[hour % HOURS] ?? [0, 0, 0];
  const weight = Math.max(WEIGHT, 1 / (days + 1));
  const difference = count - mean;
  account.usual[hour % HOURS] = [
    mean + weight * difference,
    (1 - weight) * (variance + weight * difference * difference),
    days + 1,
  ];
}
