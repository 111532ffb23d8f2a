/**
 * What the promise gives, or `otherwise` where that takes longer: for disks and receivers that may hang. Rejects as the promise
 * does, unless it does so too late.
 */
export async function within<Value>(promise: Promise<Value>, millis: number, otherwise: Value): Promise<Value> {
  const late = Promise.withResolvers<Value>();
  const timer = setTimeout(() => late.resolve(otherwise), millis);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
