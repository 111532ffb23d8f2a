/** Enough of classic BPF to run our programs and tcpdump's. https://docs.kernel.org/networking/filter.html */

/** A packet from its network header on, and what the kernel knows besides. */
export interface FilteredPacket {
  readonly bytes: Buffer;
  readonly protocol: number;
  readonly packetType?: number;
  readonly hardwareType?: number;
}

export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly k: number;
}

export function instructionsOf(program: Buffer): Instruction[] {
  return Array.from({ length: program.length / 8 }, (_, i) => ({
    code: program.readUInt16LE(i * 8),
    jumpTrue: program.readUInt8(i * 8 + 2),
    jumpFalse: program.readUInt8(i * 8 + 3),
    k: program.readUInt32LE(i * 8 + 4),
  }));
}

/** How many bytes of the packet pass; a load beyond its end passes none. */
export function runFilter(program: readonly Instruction[], packet: FilteredPacket): number {
  let a = 0;
  let x = 0;
  const load = (offset: number, size: number): number => {
    if (offset >= 0xfffff000) return ancillary(packet, offset - 0xfffff000);
    if (offset + size > packet.bytes.length) throw new RangeError('beyond the packet');
    return packet.bytes.readUIntBE(offset, size);
  };
  try {
    for (let pc = 0; ; pc++) {
      const { code, jumpTrue, jumpFalse, k } = program[pc] ?? { code: -1, jumpTrue: 0, jumpFalse: 0, k: 0 };
      const jump = (condition: boolean): number => (condition ? jumpTrue : jumpFalse);
      if (code === 0x20) a = load(k, 4);
      else if (code === 0x28) a = load(k, 2);
      else if (code === 0x30) a = load(k, 1);
      else if (code === 0x48) a = load(x + k, 2);
      else if (code === 0x50) a = load(x + k, 1);
      else if (code === 0x01) x = k;
      else if (code === 0xb1) x = (load(k, 1) & 0x0f) * 4;
      else if (code === 0x15) pc += jump(a === k);
      else if (code === 0x45) pc += jump((a & k) !== 0);
      else if (code === 0x54) a = (a & k) >>> 0;
      else if (code === 0x64) a = (a << k) >>> 0;
      else if (code === 0x74) a = a >>> k;
      else if (code === 0x04) a = (a + k) >>> 0;
      else if (code === 0x0c) a = (a + x) >>> 0;
      else if (code === 0x07) x = a;
      else if (code === 0x87) a = x;
      else if (code === 0x06) return k;
      else throw new TypeError(`instruction ${pc} has the unknown code ${code}`);
    }
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

function ancillary(packet: FilteredPacket, which: number): number {
  const known: Record<number, number> = { 0: packet.protocol, 4: packet.packetType ?? 0, 28: packet.hardwareType ?? 1 };
  const value = known[which];
  if (value === undefined) throw new TypeError(`ancillary load ${which}`);
  return value;
}
