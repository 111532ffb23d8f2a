import type { Party } from '../../contract/audit-event.ts';

/** A pod, as an event names it. */
export interface NamedPod {
  readonly namespace: string;
  readonly name: string;
  readonly node?: string | undefined;
}

/** Who has an address at a time. */
export interface AddressBook {
  /**
   * The same object for the same answer, for many events: not to be changed.
   * @param port of a server; on a shared address it may tell pods apart. 0: it is not a server's
   * @param at milliseconds since 1970
   * @param within the pod in whose network the address was seen: loopback is that pod, and its own address is its own
   */
  partyOf(ip: string, port: number, at: number, within?: NamedPod): Party;
  /** Whether what it knows is complete; before that, addresses of the cluster are `unknown`. */
  synced(): boolean;
}
