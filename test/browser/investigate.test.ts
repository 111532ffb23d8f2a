import { describe, expect, test } from '@jest/globals';
import { pageUnderTest } from '../support/browser/page-under-test.ts';
import { SESSION_ID } from '../support/collector-web/trail.ts';

describe('who investigates', () => {
  const served = pageUnderTest();

  test('goes from the overview to a statement, its event and its session by clicking', async () => {
    const { page, expectNoTrespass } = await served().visit('/');
    await page.getByRole('link', { name: 'customers', exact: true }).click();
    await expect(page.getByRole('searchbox').inputValue()).resolves.toBe('table:customers');
    const row = page.getByRole('list', { name: 'Events' }).getByRole('link').first();
    await row.click();
    const detail = page.getByRole('region', { name: 'Event', exact: true });
    await detail.getByRole('heading', { name: 'All fields' }).waitFor();
    expect(await detail.locator('pre').innerText()).toContain('\n');
    await detail.getByRole('link', { name: 'Open the session' }).click();
    await page.getByRole('heading', { name: 'Transcript' }).waitFor();
    await expectNoTrespass();
  });

  test('narrows by a facet, leaves a value out, and finds both in the address', async () => {
    const { page, expectNoTrespass } = await served().visit('/search');
    await page.getByRole('button', { name: /^Show only failed/ }).click();
    await page.getByText('98 events', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Leave out report' }).click();
    await page.getByText('67 events', { exact: true }).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('outcome=failure -user:report');
    await page.reload();
    await page.getByText('67 events', { exact: true }).waitFor();
    await page.goBack();
    await page.getByText('98 events', { exact: true }).waitFor();
    await expectNoTrespass();
  });

  test('is shown where a search makes no sense', async () => {
    const { page, expectNoTrespass } = await served().visit('/search');
    await page.getByRole('searchbox').fill('user:root (nmae:x)');
    await page.keyboard.press('Enter');
    const problem = page.getByRole('alert');
    await problem.waitFor();
    expect(await problem.innerText()).toContain('there is no field "nmae"');
    expect(await problem.innerText()).toContain('at character 12');
    await expectNoTrespass();
  });

  test('zooms by dragging over the chart and shares that by its address', async () => {
    const { page, expectNoTrespass } = await served().visit('/');
    const over = page.locator('.u-over').first();
    await over.waitFor();
    const box = await over.boundingBox();
    if (box === null) throw new Error('the chart is not drawn');
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=\d+&to=\d+/);
    const { searchParams } = new URL(page.url());
    const hours = (Number(searchParams.get('to')) - Number(searchParams.get('from'))) / 3_600_000;
    expect(hours).toBeGreaterThan(5);
    expect(hours).toBeLessThan(7);
    await expectNoTrespass();
  });

  test('reads a session with what is missing of it in its place', async () => {
    const { page, expectNoTrespass } = await served().visit(`/session/${SESSION_ID}`);
    const lines = page.locator('.transcript > li');
    await lines.first().waitFor();
    const texts = await lines.allInnerTexts();
    expect(texts).toHaveLength(7);
    expect(texts[3]).toContain('18.4kB of this session were not seen here');
    expect(texts[4]).toContain('2 records of this session are missing here');
    await page.getByText('alice@example.com (by k8s-exec, 95% sure)').waitFor();
    await expectNoTrespass();
  });

  test('sees on the map who has no name, in words, and gets to their statements', async () => {
    const { page, expectNoTrespass } = await served().visit('/map');
    await page.getByRole('rowheader', { name: 'outside the cluster' }).waitFor();
    await page.getByRole('rowheader', { name: 'unknown' }).waitFor();
    const cell = page.getByRole('link', { name: /^outside the cluster → shop \d+/ });
    const count = await cell.locator('b').innerText();
    await cell.click();
    await page.getByText(`${count} events`, { exact: true }).waitFor();
    await expectNoTrespass();
  });

  test('follows the live tail, pauses it, and learns what was left out', async () => {
    const { server, visit } = served();
    const { page, expectNoTrespass } = await visit('/tail?q=user:root');
    await server.followed();
    const event = (id: string) => ({
      '@timestamp': '2026-01-02T03:04:05.000000000Z',
      event: { id, action: 'db.query', outcome: 'success' },
      db: { system: { name: 'mysql' }, query: { text: `SELECT '${id}'` } },
      dbaudit: { capture: {} },
    });
    server.tail([event('first'), { behind: 7 }]);
    await page.getByText("'first'").waitFor();
    await page.getByText('7 events were left out', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    server.tail([event('second')]);
    await page.getByText('Paused; 1 arrived since.').waitFor();
    expect(await page.getByText("'second'").count()).toBe(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText("'second'").waitFor();
    expect(server.asked.find(({ what }) => what === 'POST /tail')?.body).toEqual({
      filter: { kind: 'is', field: 'user.name', values: ['root'] },
    });
    await expectNoTrespass();
  });

  test('asks in SQL and saves the answer', async () => {
    const { page, expectNoTrespass } = await served().visit('/sql');
    await page.getByLabel('Query over the view events').fill('SELECT 1');
    await page.keyboard.press('Control+Enter');
    await page.getByText('There are more rows').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('dbaudit-query.csv');
    const text = await (await download.createReadStream()).toArray();
    expect(Buffer.concat(text).toString()).toContain("'=SUM(A1:A9)");
    await expectNoTrespass();
  });
});
