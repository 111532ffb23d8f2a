/**
 * Classic BPF, the language of the kernel's socket filters.
 * https://docs.kernel.org/networking/filter.html, https://www.tcpdump.org/papers/bpf-usenix93.pdf
 */

/** Operation codes of linux/bpf_common.h, named as in the kernel's own assembler. */
export const BPF = {
  /** A = 32 bits at an absolute offset; with a negative one, what the kernel knows of the packet. */
  ld: 0x20,
  /** A = 16 or 8 bits at X + k. */
  ldhX: 0x48,
  ldbX: 0x50,
  /** X = k. */
  ldx: 0x01,
  jeq: 0x15,
  jset: 0x45,
  and: 0x54,
  lsh: 0x64,
  rsh: 0x74,
  add: 0x04,
  addX: 0x0c,
  tax: 0x07,
  txa: 0x87,
  ret: 0x06,
} as const;

type Label = string;
type Line = readonly [code: number, k: number] | readonly [code: number, k: number, yes: Label, no: Label];

const INSTRUCTION_BYTES = 8;
const NEXT = 'next';

/** Collects instructions and resolves labels. Jumps only lead forward, as classic BPF demands. */
export class BpfProgram {
  readonly #lines: Line[] = [];
  readonly #labels = new Map<Label, number>();

  label(name: Label): void {
    this.#labels.set(name, this.#lines.length);
  }

  add(code: number, k = 0): void {
    this.#lines.push([code, k]);
  }

  /** Compares A with `k`; `next` is the instruction that follows. */
  branch(code: number, k: number, yes: Label, no: Label = NEXT): void {
    this.#lines.push([code, k, yes, no]);
  }

  jump(to: Label): void {
    this.branch(BPF.jeq, 0, to, to);
  }

  /** As the kernel's `struct sock_filter[]`, in the byte order of the machine. */
  assemble(): Buffer {
    const program = Buffer.alloc(this.#lines.length * INSTRUCTION_BYTES);
    const words = new Uint32Array(program.buffer, program.byteOffset, program.length / 4);
    const halves = new Uint16Array(program.buffer, program.byteOffset, program.length / 2);
    for (const [index, [code, k, yes, no]] of this.#lines.entries()) {
      halves[index * 4] = code;
      program[index * INSTRUCTION_BYTES + 2] = yes === undefined ? 0 : this.#distance(index, yes);
      program[index * INSTRUCTION_BYTES + 3] = no === undefined ? 0 : this.#distance(index, no);
      words[index * 2 + 1] = k;
    }
    return program;
  }

  #distance(index: number, label: Label): number {
    const distance = label === NEXT ? 0 : (this.#labels.get(label) ?? -1) - index - 1;
    if (distance < 0 || distance > 255) throw new RangeError(`no jump from instruction ${index} to ${label}`);
    return distance;
  }
}
