import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { bundleWeb } from '../../../tools/web-bundle.ts';
import { BROWSER_ENDPOINT, CHROMIUM, PAGE_DIRECTORY } from './browser.ts';

/** Builds the page and starts one browser for all files of the suite. */
export default async function setup(): Promise<void> {
  mkdirSync('build/test', { recursive: true });
  await bundleWeb(PAGE_DIRECTORY);
  const browser = await chromium.launchServer({
    executablePath: CHROMIUM,
    // Root, as build servers have it, cannot use the sandbox; the pages are our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  process.env[BROWSER_ENDPOINT] = browser.wsEndpoint();
  Reflect.set(globalThis, 'dbauditBrowser', browser);
}
