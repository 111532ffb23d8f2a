import { expect, test } from '@jest/globals';
import { raise } from '../../../../../collector/alerts/alert-record.ts';
import type { Notification } from '../../../../../collector/alerts/channels/channel.ts';
import { fitted, messageOf, plainInMarkdown } from '../../../../../collector/alerts/channels/message.ts';
import { detection, TEST_START } from '../../../../support/alerts/detections.ts';
import { auditEvent } from '../../../../support/audit-events.ts';

const WORDING = { language: 'en', timeZone: 'UTC' } as const;
const IN_CHINESE = {
  language: 'zh',
  timeZone: 'Asia/Shanghai',
  cluster: 'prod',
  pageUrl: 'https://audit.example/',
} as const;

function notification(changes: Partial<Notification> = {}): Notification {
  const alerts = [raise(detection(), '01', TEST_START)];
  return { id: 'n1', at: TEST_START, kind: 'alerts', alerts, people: [], merged: 1, ...changes };
}

test('one alert, in English', () => {
  expect(messageOf(notification(), WORDING)).toEqual({
    title: 'dbaudit: High · Rule db.ddl.drop (firing)',
    items: [
      {
        level: 'high',
        isOver: false,
        heading: 'High · Rule db.ddl.drop (firing)',
        lines: [
          'Rule db.ddl.drop: SELECT by app from 10.244.0.7 on 10.96.0.10:3306 in database shop',
          'Since 2026-11-21 10:00:00 (UTC), last seen 2026-11-21 10:00:00',
          '1 detections, 1 events',
          'Namespaces: shop',
        ],
      },
    ],
  });
});

test('several, escalated, in Chinese, with the times of the place', () => {
  const [first] = notification().alerts;
  if (first === undefined) throw new Error('no alert');
  const over = { ...first, state: 'resolved' as const, level: 'critical' as const };
  const people = [{ name: '王伟', mentions: {} }];
  const message = messageOf(notification({ kind: 'escalation', alerts: [first, over], people, merged: 3 }), IN_CHINESE);
  expect(message).toMatchObject({
    title: 'dbaudit prod: 1 条告警触发，1 条已恢复，最高级别：严重',
    addressed: '值班人：王伟',
    note: '尚未确认 · 合并了 3 条消息：接近通道的频率限制',
  });
  expect(message.items[0]).toMatchObject({
    heading: '高 · Rule db.ddl.drop (触发)',
    link: 'https://audit.example/#/alerts/01',
  });
  expect(message.items[0]?.lines.slice(0, 2)).toEqual([
    'Rule db.ddl.drop：操作 SELECT，账号 app，来自 10.244.0.7，目标 10.96.0.10:3306，数据库 shop',
    '开始于 2026-11-21 18:00:00（Asia/Shanghai），最近 2026-11-21 18:00:00',
  ]);
});

test('what does not fit is counted, whatever the limit', () => {
  const alerts = Array.from({ length: 60 }, (_, index) => raise(detection(), `alert ${index}`, TEST_START));
  for (const wording of [WORDING, IN_CHINESE]) {
    const message = messageOf(notification({ alerts }), wording);
    for (let limit = 200; limit < 20_000; limit += 333) {
      const text = fitted(message, wording, limit, (items, omitted) =>
        [...items.map(({ lines }) => lines.join('\n')), omitted].join('\n'),
      );
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
      const shown = text.match(/Rule db\.ddl\.drop/g)?.length ?? 0;
      const omitted = Number(/(?:and|另有) (\d+)/.exec(text)?.[1] ?? 0);
      expect(shown + omitted).toBe(60);
    }
  }
});

test('names that others chose are one line, and no markup', () => {
  const name = 'x\n\n# [click](http://evil) <@all> <at id=all></at>`';
  const { alerts } = notification();
  const event = auditEvent({ rest: { user: { name } } });
  const message = messageOf(
    notification({ alerts: [...alerts, raise(detection({ events: [event] }), '02', TEST_START)] }),
    WORDING,
  );
  const line = message.items[1]?.lines[0] ?? '';
  expect(line).not.toMatch(/\n/);
  expect(plainInMarkdown(line)).not.toMatch(/[<>[\]`]/);
});
