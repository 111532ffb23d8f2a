import { describe, expect, test } from '@jest/globals';
import { pageUnderTest } from '../support/browser/page-under-test.ts';

const COPIES = 250;

describe('a trail of a million events', () => {
  const served = pageUnderTest(COPIES);

  test('is overviewed and scrolled through, page by page, with few rows in the document', async () => {
    const { page, expectNoTrespass } = await served().visit('/');
    await page.locator('.figure[title="1,001,000"]').waitFor();
    const shown: number = await page.evaluate('performance.now()');
    const transferred: number = await page.evaluate(
      "performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.encodedBodySize, 0)",
    );
    process.stderr.write(`overview of 1,001,000 events: ${Math.round(shown)} ms, ${transferred} bytes uncompressed\n`);
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByText(/^1,00\d,\d{3} events$/).waitFor();
    // A page of 200 and the one that the rows beyond the sight reach into.
    for (const end of [400, 800, 1200]) {
      await page.locator(`[aria-setsize="${end}"]`).first().waitFor();
      await page.evaluate("document.querySelector('.virtual').scrollTo(0, 1e9)");
      await page.locator(`[aria-posinset="${end}"] a.event-row`).waitFor();
    }
    expect(await page.locator('[role=listitem]').count()).toBeLessThan(100);
    await expectNoTrespass();
  });

  test('is reached at any time by a click on its chart', async () => {
    const { page, expectNoTrespass } = await served().visit('/search');
    const over = page.locator('.u-over').first();
    await over.waitFor();
    const box = await over.boundingBox();
    if (box === null) throw new Error('the chart is not drawn');
    await page.mouse.click(box.x + box.width / 2, box.y + 30);
    await page.waitForURL(/at=\d+/);
    await page.getByText(/^Beginning at/).waitFor();
    const at = Number(new URL(page.url()).searchParams.get('at'));
    const first = page.getByRole('list', { name: 'Events' }).locator('time').first();
    await expect(first.getAttribute('datetime').then((time) => Date.parse(time ?? ''))).resolves.toBeLessThan(at);
    await page.getByRole('button', { name: 'From the beginning' }).click();
    await page.getByText(/^Beginning at/).waitFor({ state: 'detached' });
    await expectNoTrespass();
  });
});

describe('by keyboard alone', () => {
  const served = pageUnderTest();

  test('views are reached, rows are walked, an event is opened and closed, and help is shown', async () => {
    const { page, expectNoTrespass } = await served().visit('/');
    await page.locator('.tiles').waitFor();
    await page.keyboard.press('/');
    await page.getByRole('searchbox').waitFor();
    await page.getByRole('list', { name: 'Events' }).getByRole('link').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    expect(await page.locator('a.event-row:focus').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Event', exact: true }).getByRole('heading').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'Event', exact: true }).waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const [key, title] of [
      ['o', 'Overview'],
      ['t', 'Live tail'],
      ['m', 'Access map'],
      ['q', 'SQL'],
      ['a', 'Alerts'],
      ['r', 'Rules'],
      ['p', 'Reports'],
      ['i', 'Integrity'],
      ['u', 'Status'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await expectNoTrespass();
  });

  test('the first step skips to the content, and the focus is seen', async () => {
    const { page, expectNoTrespass } = await served().visit('/alerts');
    await page.locator('.list').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await expectNoTrespass();
  });
});

describe('theme and language', () => {
  const served = pageUnderTest();

  test('follow the system until the reader chooses, and are kept', async () => {
    const { page, expectNoTrespass } = await served().visit('/', { colorScheme: 'dark' });
    await page.locator('.tiles').waitFor();
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await ground();
    await page.getByLabel('Theme').selectOption('light');
    expect(await ground()).not.toBe(dark);
    await page.getByLabel('Language').selectOption('zh');
    await page.getByRole('heading', { level: 1, name: '概览' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: '概览' }).waitFor();
    expect(await ground()).not.toBe(dark);
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
    await expectNoTrespass();
  });
});
