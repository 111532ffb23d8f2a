import { describe, expect, test } from '@jest/globals';
import { pageUnderTest } from '../support/browser/page-under-test.ts';

describe('who responds', () => {
  const served = pageUnderTest();

  test('acknowledges, assigns, comments and silences an alert', async () => {
    const { server, visit } = served();
    const { page, expectNoTrespass } = await visit('/alerts');
    await page.getByRole('link', { name: 'DELETE or UPDATE without WHERE' }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.locator('.state.acknowledged').waitFor();
    await page.getByLabel('Assign to').fill('bob@example.com');
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByText('bob@example.com').first().waitFor();
    await page.getByLabel('Comment').fill('a migration, as announced');
    await page.keyboard.press('Enter');
    await page.getByText('a migration, as announced').waitFor();
    await page.getByRole('button', { name: 'Silence…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
    await dialog.getByText('Say why').waitFor();
    await dialog.getByLabel('Only where it is client.ip = 10.42.0.11').uncheck();
    await dialog.getByLabel('Reason').fill('release 4.2');
    await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(server.asked.find(({ what }) => what === 'POST /silences')?.body).toMatchObject({
      rules: ['db.write.no_where'],
      group: { 'user.name': 'root' },
      reason: 'release 4.2',
    });
    await page.getByRole('link', { name: 'All alerts' }).click();
    await page.getByRole('link', { name: 'Silences' }).click();
    await page.getByText('release 4.2').waitFor();
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByText('Nothing is silenced.').waitFor();
    await expectNoTrespass();
  });

  test('tests a rule on what is kept and changes its mode', async () => {
    const { page, expectNoTrespass } = await served().visit('/rules');
    await page.getByRole('searchbox').fill('without where');
    await page.getByText('1 rule', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'DELETE or UPDATE without WHERE' }).click();
    await page.getByRole('button', { name: 'Test on what is kept' }).click();
    await page.getByText('2 detections from 2 matching events').waitFor();
    await page.getByLabel('Mode of DELETE or UPDATE without WHERE').selectOption('observe');
    await page.getByText('counts, raises no alert').waitFor();
    await expectNoTrespass();
  });

  test('writes a rule of their own and is shown the line that is wrong', async () => {
    const { page, expectNoTrespass } = await served().visit('/rules');
    await page.getByRole('link', { name: 'New rule' }).click();
    const source = page.getByLabel('Source (Sigma)');
    const text = await source.inputValue();
    await source.fill(text.replace('condition: selection', 'oops: selection'));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('"oops" is no part of a detection').waitFor();
    expect(await page.locator('.wrong-line').innerText()).toContain('oops: selection');
    await source.fill(text);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Somebody reads payments by hand' }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('6 rules', { exact: true }).waitFor();
    await expectNoTrespass();
  });

  test('makes a report over the chosen time and opens it', async () => {
    const { page, expectNoTrespass } = await served().visit('/reports?from=1000&to=2000');
    await page.getByLabel('Kind').selectOption('coverage');
    await page.getByRole('button', { name: 'Make' }).click();
    const open = page.getByRole('link', { name: 'Coverage and loss as HTML' });
    expect(await open.getAttribute('href')).toBe('/api/v1/reports/r1.html');
    expect(served().server.asked.find(({ what }) => what === 'POST /reports')?.body).toEqual({
      kind: 'coverage',
      language: 'en',
      range: { from: 1000, to: 2000 },
    });
    await expectNoTrespass();
  });

  test('verifies and is told where the trail is broken', async () => {
    const { page, expectNoTrespass } = await served().visit('/integrity');
    await page.getByRole('button', { name: 'Verify the chosen time' }).click();
    await page.getByRole('heading', { name: 'Intact' }).waitFor();
    await page.getByRole('button', { name: 'Verify everything' }).click();
    await page.getByRole('heading', { name: 'Not intact' }).waitFor();
    await page.getByRole('cell', { name: 'removed', exact: true }).waitFor();
    await expectNoTrespass();
  });

  test('who may less is told which right is missing', async () => {
    const { server, visit } = served();
    const { who } = server;
    server.who = { ...who, rights: ['auditevents/get', 'alerts/get', 'rules/get'] };
    for (const [path, right] of [
      ['/alerts?id=a1', 'alerts/update'],
      ['/sql', 'auditevents/query'],
      ['/reports', 'reports/get'],
      ['/integrity', 'integrity/get'],
    ] as const) {
      const { page, expectNoTrespass } = await visit(path);
      await page.getByText(`the right ${right} is missing`).waitFor();
      await expectNoTrespass();
    }
    server.who = who;
  });
});
