import type { Logger } from 'pino';
import { messageOf } from '../informer.ts';
import {
  bundleOf,
  type CertificateState,
  makeState,
  nextStep,
  parseState,
  ROTATE_ANNOTATION,
  stateData,
  takeStep,
} from './certificate-state.ts';
import type { KeyPair } from './key-pairs.ts';

/** The Secret as the keeper sees it. */
export interface StoredCertificates {
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

/** Where the Secret is. Both writes tell `lost` where another replica was first: what it wrote arrives by the watch. */
export interface CertificateStore {
  /** The Secret as last heard; undefined where there is none. */
  current(): StoredCertificates | undefined;
  /** Whether `current` was heard at all. */
  synced(): boolean;
  create(data: Readonly<Record<string, string>>): Promise<'written' | 'lost'>;
  replace(next: StoredCertificates): Promise<'written' | 'lost'>;
}

/** What those who call us trust, as they are told. */
export interface PublishedBundle {
  /** Whether this bundle is in every place where they look. */
  holds(bundle: string): boolean;
}

export interface KeeperOptions {
  readonly store: CertificateStore;
  readonly published: PublishedBundle;
  readonly dnsNames: readonly string[];
  readonly settleMillis: number;
  readonly log: Logger;
  now(): Date;
  /** A leaf that is to be shown from now on. */
  onLeaf(leaf: KeyPair): void;
}

/**
 * Keeps the certificates in the Secret valid, together with other replicas and without a leader: each looks what is to
 * be done and tries to write it; the first write counts.
 */
export class CertificateKeeper {
  readonly #options: KeeperOptions;
  #state: CertificateState | undefined;
  #shownLeaf = '';
  /** Of the Secret that the present wait is for, and when it was first seen published. */
  #waitingFor = '';
  #publishedSince: number | undefined;
  #underWay: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** The last valid state; undefined until there was one. */
  state(): CertificateState | undefined {
    return this.#state;
  }

  /** Looks and does what is to be done. To be called when the Secret or what is published changed, and every few seconds. */
  look(): Promise<void> {
    this.#underWay ??= this.#look()
      .catch((error: unknown) => this.#options.log.error(`certificates: ${messageOf(error)}`))
      .finally(() => {
        this.#underWay = undefined;
      });
    return this.#underWay;
  }

  async #look(): Promise<void> {
    const { store, log, dnsNames } = this.#options;
    if (!store.synced()) return;
    const stored = store.current();
    if (stored === undefined) return this.#create();
    const state = this.#parse(stored);
    if (state === undefined) return this.#repair(stored);
    this.#accept(state);
    const now = this.#options.now();
    const rotate = stored.annotations[ROTATE_ANNOTATION];
    const step = nextStep(state, { now, dnsNames, rotate, settled: this.#isSettled(stored, state, now) });
    if (step === undefined) return;
    const next = await takeStep(step, state, { now, dnsNames });
    const begun = (step === 'renew-leaf' && rotate === 'leaf') || (step === 'stage-authority' && rotate === 'ca');
    const { [ROTATE_ANNOTATION]: _, ...others } = stored.annotations;
    const annotations = begun ? others : stored.annotations;
    const outcome = await store.replace({ ...stored, annotations, data: stateData(next) });
    if (outcome === 'written') log.info({ step }, 'certificates changed');
  }

  /** After a loss of the Secret the state in memory is written again, so that nothing changes for those who call us. */
  async #create(): Promise<void> {
    const { store, log, dnsNames, now } = this.#options;
    const state = this.#state ?? (await makeState(dnsNames, now()));
    if ((await store.create(stateData(state))) === 'written') log.info('the Secret with the certificates was created');
  }

  async #repair(stored: StoredCertificates): Promise<void> {
    const { store, log, dnsNames, now } = this.#options;
    const state = this.#state ?? (await makeState(dnsNames, now()));
    if ((await store.replace({ ...stored, data: stateData(state) })) === 'written') {
      log.warn('the Secret with the certificates was not valid and was written anew');
    }
  }

  #parse({ data }: StoredCertificates): CertificateState | undefined {
    try {
      return parseState(data);
    } catch {
      return undefined;
    }
  }

  #accept(state: CertificateState): void {
    this.#state = state;
    if (state.leaf.certificate === this.#shownLeaf) return;
    this.#options.onLeaf(state.leaf);
    this.#shownLeaf = state.leaf.certificate;
  }

  /** Counted from when this replica first saw both: the Secret as it is, and its bundle in force without a break since. */
  #isSettled({ resourceVersion }: StoredCertificates, state: CertificateState, now: Date): boolean {
    if (!this.#options.published.holds(bundleOf(state))) {
      this.#publishedSince = undefined;
      return false;
    }
    if (this.#waitingFor !== resourceVersion) this.#publishedSince = undefined;
    this.#waitingFor = resourceVersion;
    this.#publishedSince ??= now.getTime();
    return now.getTime() - this.#publishedSince >= this.#options.settleMillis;
  }
}
