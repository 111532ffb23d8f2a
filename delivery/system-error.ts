/**
 * The code of an error of the operating system (`ENOSPC`); undefined for any other. By its shape: where code runs in a context
 * of its own (as tests do), Node's errors are no `instanceof Error`.
 */
export function systemErrorCode(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : undefined;
}

/** The words of whatever was thrown. */
export function wordsOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return String(hasMessage ? error.message : error);
}
