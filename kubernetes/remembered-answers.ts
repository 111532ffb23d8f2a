export interface RememberedAnswersOptions<Question, Answer> {
  /** `until`: milliseconds since 1970; the answer is believed so long. */
  ask(question: Question): Promise<{ readonly answer: Answer; readonly until: number }>;
  /** Beyond them the one that was asked for first is forgotten. */
  readonly maxRemembered: number;
  readonly maxUnderWay: number;
  /** Questions that wait for one of those under way to end; further ones reject. */
  readonly maxWaiting: number;
}

/** More is being asked of the API server than it shall bear. */
export class TooManyQuestions extends Error {
  override readonly name = 'TooManyQuestions';

  constructor() {
    super('the API server is being asked too much at once');
  }
}

/** Asks the API server as little as can be: each question once at a time, and not again while its answer is believed. */
export class RememberedAnswers<Question, Answer> {
  readonly #options: RememberedAnswersOptions<Question, Answer>;
  readonly #remembered = new Map<string, { readonly answer: Answer; readonly until: number }>();
  readonly #underWay = new Map<string, Promise<Answer>>();
  readonly #waiting: (() => void)[] = [];
  #asking = 0;

  constructor(options: RememberedAnswersOptions<Question, Answer>) {
    this.#options = options;
  }

  /**
   * `key` is the same for the same question.
   * @throws TooManyQuestions, and what `ask` rejects with
   */
  get(key: string, question: Question): Answer | Promise<Answer> {
    const known = this.#remembered.get(key);
    if (known !== undefined && known.until > Date.now()) return known.answer;
    const same = this.#underWay.get(key);
    if (same !== undefined) return same;
    const asked = this.#ask(key, question).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #ask(key: string, question: Question): Promise<Answer> {
    const { ask, maxRemembered, maxUnderWay, maxWaiting } = this.#options;
    if (this.#asking >= maxUnderWay) {
      if (this.#waiting.length >= maxWaiting) throw new TooManyQuestions();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#asking += 1;
    try {
      const told = await ask(question);
      this.#remembered.delete(key);
      this.#remembered.set(key, told);
      const [oldest] = this.#remembered.keys();
      if (this.#remembered.size > maxRemembered && oldest !== undefined) this.#remembered.delete(oldest);
      return told.answer;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#asking -= 1;
      else next();
    }
  }
}
