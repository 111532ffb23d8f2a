import { beginsWithCommand } from './commands.ts';

/** A piece too short to be judged waits for the next: a header, the command and what begins query attributes. */
const MAX_LEAD_BYTES = 8;

/** Looks for a packet's beginning in a client's bytes, when bytes before them were not seen. */
export class CommandSearch {
  #lead: Buffer | undefined;

  /** What was kept has no continuation. */
  forgetLead(): void {
    this.#lead = undefined;
  }

  /**
   * Judges a piece, together with what little came before it. Gives back the bytes that begin with a command or with
   * what `isOther` takes; undefined: not here.
   */
  find(
    buffer: Buffer,
    start: number,
    end: number,
    isOther: (buffer: Buffer, start: number, end: number) => boolean,
  ): Buffer | undefined {
    const piece = buffer.subarray(start, end);
    const joined = this.#lead === undefined ? undefined : Buffer.concat([this.#lead, piece]);
    this.#lead = undefined;
    for (const candidate of joined === undefined ? [piece] : [joined, piece]) {
      const verdict = beginsWithCommand(candidate, 0, candidate.length);
      if (verdict === true || (verdict === false && isOther(candidate, 0, candidate.length))) return candidate;
      if (verdict === undefined) {
        if (candidate.length <= MAX_LEAD_BYTES) this.#lead = Buffer.from(candidate);
        return undefined;
      }
    }
    return undefined;
  }
}
