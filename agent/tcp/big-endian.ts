/** Two bytes in network order. The caller has checked that they are there. */
export function uint16(buffer: Buffer, at: number): number {
  return ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);
}

/** Four bytes in network order, as a signed 32-bit integer, which V8 keeps without a heap number. */
export function int32(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] ?? 0) << 24) | ((buffer[at + 1] ?? 0) << 16) | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0)
  );
}
