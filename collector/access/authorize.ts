import { API_GROUP, type API_RIGHTS } from '../../contract/collector-api.ts';
import type { ReviewAccess } from '../../kubernetes/access-review.ts';
import { RememberedAnswers } from '../../kubernetes/remembered-answers.ts';
import type { KubernetesUser } from '../../kubernetes/token-review.ts';
import type { Scope } from './scope.ts';

type Resource = keyof typeof API_RIGHTS;

/** In the words of a Role: `get` `auditevents`. */
export type Right = {
  readonly [Name in Resource]: { readonly resource: Name; readonly verb: (typeof API_RIGHTS)[Name][number] };
}[Resource];

type Namespaces = 'all' | readonly string[];

export interface AuthorityOptions {
  readonly review: ReviewAccess;
  /** All there are, or were while events of them are kept: those who may not see all are asked about one by one. */
  namespaces(): readonly string[];
  /** A right that was taken away is of use so long. Default: 30 seconds. */
  readonly believedMillis?: number;
}

/** Each user of a page with ten figures asks for a handful of rights so often, times the namespaces. */
const BELIEVED_MILLIS = 30_000;
/** Of users and rights: some hundred users at a time. */
const MAX_REMEMBERED = 5_000;
/** Questions to the API server at the same time, of one right and of all. */
const ASKED_AT_ONCE = 8;
const RIGHTS_UNDER_WAY = 4;
const MAX_RIGHTS_WAITING = 500;
/** More namespaces than that are asked about by nobody: such users need a ClusterRole. */
const MAX_NAMESPACES = 2_000;

const SEE: Right = { resource: 'auditevents', verb: 'get' };
const SEE_LITERALS: Right = { resource: 'auditevents', verb: 'read-literals' };

/** What users may, by the API server's word. Every method rejects where it cannot be asked. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #everywhere: RememberedAnswers<{ readonly user: KubernetesUser; readonly right: Right }, boolean>;
  readonly #within: RememberedAnswers<
    { readonly user: KubernetesUser; readonly right: Right; readonly among: readonly string[] },
    readonly string[]
  >;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    const limits = { maxRemembered: MAX_REMEMBERED, maxUnderWay: RIGHTS_UNDER_WAY, maxWaiting: MAX_RIGHTS_WAITING };
    this.#everywhere = new RememberedAnswers({
      ...limits,
      ask: async ({ user, right }) => this.#believed(await this.#ask(user, right)),
    });
    this.#within = new RememberedAnswers({
      ...limits,
      ask: async ({ user, right, among }) => this.#believed(await this.#askEach(user, right, among)),
    });
  }

  /** In the whole cluster. */
  async may(user: KubernetesUser, right: Right): Promise<boolean> {
    return this.#everywhere.get(JSON.stringify([user, right]), { user, right });
  }

  /**
   * Where a user may do something with events: in namespaces whose events they may get, and where they have `right` too.
   * `wanted` narrows it to namespaces that were asked for, whose literals may be shown where those of all may not.
   */
  async scope(user: KubernetesUser, right: Right, wanted?: readonly string[]): Promise<Scope> {
    const seen = narrowed(await this.#where(user, SEE, 'all'), wanted);
    const namespaces = right === SEE ? seen : await this.#where(user, right, seen);
    const withLiterals = await this.#where(user, SEE_LITERALS, namespaces);
    const literals = namespaces === 'all' ? withLiterals === 'all' : withLiterals.length === namespaces.length;
    return { namespaces, literals: literals && namespaces.length > 0 };
  }

  async #where(user: KubernetesUser, right: Right, among: Namespaces): Promise<Namespaces> {
    if (among.length === 0) return among;
    if (await this.may(user, right)) return among;
    const names = among === 'all' ? this.#options.namespaces().slice(0, MAX_NAMESPACES) : among;
    return this.#within.get(JSON.stringify([user, right, names]), { user, right, among: names });
  }

  async #askEach(user: KubernetesUser, right: Right, among: readonly string[]): Promise<readonly string[]> {
    const allowed: string[] = [];
    for (let next = 0; next < among.length; next += ASKED_AT_ONCE) {
      const some = among.slice(next, next + ASKED_AT_ONCE);
      const answers = await Promise.all(some.map((namespace) => this.#ask(user, right, namespace)));
      allowed.push(...some.filter((_, index) => answers[index] === true));
    }
    return allowed;
  }

  #believed<Answer>(answer: Answer): { readonly answer: Answer; readonly until: number } {
    return { answer, until: Date.now() + (this.#options.believedMillis ?? BELIEVED_MILLIS) };
  }

  #ask(user: KubernetesUser, { resource, verb }: Right, namespace?: string): Promise<boolean> {
    return this.#options.review(user, {
      group: API_GROUP,
      resource,
      verb,
      ...(namespace === undefined ? {} : { namespace }),
    });
  }
}

function narrowed(namespaces: Namespaces, wanted: readonly string[] | undefined): Namespaces {
  if (wanted === undefined) return namespaces;
  return namespaces === 'all' ? wanted : wanted.filter((name) => namespaces.includes(name));
}
