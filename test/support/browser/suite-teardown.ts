import type { BrowserServer } from 'playwright-core';

export default async function teardown(): Promise<void> {
  const browser: BrowserServer | undefined = Reflect.get(globalThis, 'dbauditBrowser');
  await browser?.close();
}
