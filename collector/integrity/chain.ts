import { hash } from 'node:crypto';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { canonicalJson } from './canonical.ts';

/** Two to the number of bits that a hash has. */
const MODULUS = 1n << 256n;
const HASH_DIGITS = 64;
const MARK_DIGITS = 8;
export const EMPTY_SUM = '0'.repeat(HASH_DIGITS);

/** SHA-256 of the event's canonical JSON, in hex. */
export function eventHash(event: AuditEvent): string {
  return hash('sha256', canonicalJson(event), 'hex');
}

/** What a chain's hash is before its first event; another for each chain, so that chains cannot be exchanged. */
export function chainStart(chain: string): string {
  return hash('sha256', `dbaudit chain 1\n${chain}`, 'hex');
}

/** The chain's hash with one event more. */
export function chained(before: string, event: string): string {
  return hash('sha256', before + event, 'hex');
}

/** The short form of an event's hash that is kept beside the event. */
export function markOf(event: string): number {
  return Number.parseInt(event.slice(0, MARK_DIGITS), 16);
}

/** Adds hashes modulo 2^256: the same whatever their order. */
export class HashSum {
  #sum: bigint;

  constructor(sum: string = EMPTY_SUM) {
    this.#sum = BigInt(`0x${sum}`);
  }

  add(event: string): void {
    this.#sum = (this.#sum + BigInt(`0x${event}`)) % MODULUS;
  }

  toString(): string {
    return this.#sum.toString(16).padStart(HASH_DIGITS, '0');
  }
}
