import type { AlertLevel } from '../../../contract/audit-event.ts';
import type { AlertRecord } from '../alert-record.ts';
import { worstOf } from '../levels.ts';
import { localTime } from '../local-time.ts';
import { type Language, summarize } from '../summary.ts';
import type { Notification } from './channel.ts';

/** A message before a channel gives it its form. All of it is one-line plain text that the channel must escape. */
export interface Message {
  readonly title: string;
  readonly items: readonly MessageItem[];
  /** Whom it is for. */
  readonly addressed?: string;
  /** What to know of the message itself. */
  readonly note?: string;
}

export interface MessageItem {
  readonly level: AlertLevel;
  readonly isOver: boolean;
  readonly heading: string;
  readonly lines: readonly string[];
  readonly link?: string;
}

export interface Wording {
  readonly language: Language;
  readonly timeZone: string;
  readonly pageUrl?: string | undefined;
  readonly cluster?: string | undefined;
}

const LEVEL_WORDS = {
  en: { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', informational: 'Informational' },
  zh: { critical: '严重', high: '高', medium: '中', low: '低', informational: '提示' },
} as const satisfies Record<Language, Record<AlertLevel, string>>;

const STATE_WORDS = {
  en: { firing: 'firing', acknowledged: 'acknowledged', resolved: 'resolved' },
  zh: { firing: '触发', acknowledged: '已确认', resolved: '已恢复' },
} as const satisfies Record<Language, Record<AlertRecord['state'], string>>;

const TEXTS = {
  en: {
    test: 'Test message: this channel works',
    several: (firing: number, over: number, level: string) =>
      [
        ...(firing > 0 ? [`${firing} ${firing === 1 ? 'alert fires' : 'alerts fire'}`] : []),
        ...(over > 0 ? [`${over} resolved`] : []),
        `worst level: ${level}`,
      ].join(', '),
    time: (since: string, zone: string, last: string) => `Since ${since} (${zone}), last seen ${last}`,
    count: (detections: number, events: number) => `${detections} detections, ${events} events`,
    namespaces: (names: string) => `Namespaces: ${names}`,
    assignee: (name: string) => `Assigned to ${name}`,
    addressed: (names: string) => `On call: ${names}`,
    escalated: 'Not acknowledged yet',
    merged: (count: number) => `${count} messages in one: the channel’s limit is near`,
    omitted: (count: number) =>
      `… and ${count} more ${count === 1 ? 'alert' : 'alerts'} not shown here for want of room`,
  },
  zh: {
    test: '测试消息：此通道可用',
    several: (firing: number, over: number, level: string) =>
      [
        ...(firing > 0 ? [`${firing} 条告警触发`] : []),
        ...(over > 0 ? [`${over} 条已恢复`] : []),
        `最高级别：${level}`,
      ].join('，'),
    time: (since: string, zone: string, last: string) => `开始于 ${since}（${zone}），最近 ${last}`,
    count: (detections: number, events: number) => `命中 ${detections} 次，事件 ${events} 条`,
    namespaces: (names: string) => `命名空间：${names}`,
    assignee: (name: string) => `处理人：${name}`,
    addressed: (names: string) => `值班人：${names}`,
    escalated: '尚未确认',
    merged: (count: number) => `合并了 ${count} 条消息：接近通道的频率限制`,
    omitted: (count: number) => `……另有 ${count} 条告警因长度限制未列出`,
  },
} as const;

/** Enough for any reader; the page has all. */
const MAX_NAMESPACES_NAMED = 5;

/** What is said of a notification, in the channel's language. */
export function messageOf(notification: Notification, wording: Wording): Message {
  const { alerts, people, merged, kind } = notification;
  const texts = TEXTS[wording.language];
  const notes = [...(kind === 'escalation' ? [texts.escalated] : []), ...(merged > 1 ? [texts.merged(merged)] : [])];
  return {
    title: titleOf(notification, wording),
    items: alerts.map((alert) => itemOf(alert, wording)),
    ...(people.length === 0 ? {} : { addressed: texts.addressed(people.map(({ name }) => name).join(', ')) }),
    ...(notes.length === 0 ? {} : { note: notes.join(' · ') }),
  };
}

/**
 * `write` with as many of the items as fit into `maxBytes` of UTF-8, and a line that says how many are left out.
 * @param write gives what is sent, for the first items and the words on the rest (empty: none is missing)
 */
export function fitted(
  { items }: Message,
  { language }: Wording,
  maxBytes: number,
  write: (items: readonly MessageItem[], omitted: string) => string,
): string {
  const attempt = (count: number) =>
    write(items.slice(0, count), count === items.length ? '' : TEXTS[language].omitted(items.length - count));
  // Longer with each item but for the last words, which are shorter than any item: found by halving.
  let fits = 0;
  let tooMany = items.length + 1;
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (Buffer.byteLength(attempt(middle)) <= maxBytes) fits = middle;
    else tooMany = middle;
  }
  return attempt(fits);
}

/** Text for Markdown that must not become a link, a mention or markup of HTML: names of accounts and pods are others' words. */
export function plainInMarkdown(text: string): string {
  return text
    .replaceAll('<', '＜')
    .replaceAll('>', '＞')
    .replaceAll('[', '［')
    .replaceAll(']', '］')
    .replaceAll('`', '｀');
}

function titleOf({ kind, alerts }: Notification, { language, cluster }: Wording): string {
  const texts = TEXTS[language];
  const where = cluster === undefined ? 'dbaudit' : `dbaudit ${cluster}`;
  const [first, ...others] = alerts;
  if (kind === 'test' || first === undefined) return `${where}: ${texts.test}`;
  if (others.length === 0) return `${where}: ${headingOf(first, language)}`;
  const over = alerts.filter(({ state }) => state === 'resolved').length;
  const worst = worstOf(alerts.map(({ level }) => level)) ?? first.level;
  return `${where}: ${texts.several(alerts.length - over, over, LEVEL_WORDS[language][worst])}`;
}

function itemOf(alert: AlertRecord, { language, timeZone, pageUrl }: Wording): MessageItem {
  const texts = TEXTS[language];
  const { level, state, rule, facts, startedAt, lastAt, namespaces, assignee } = alert;
  const named = namespaces.slice(0, MAX_NAMESPACES_NAMED).join(', ');
  const more = namespaces.length > MAX_NAMESPACES_NAMED ? `, +${namespaces.length - MAX_NAMESPACES_NAMED}` : '';
  const summary = alert.kind === 'flood' ? alert.summary : summarize(rule.title, facts, language);
  return {
    level,
    isOver: state === 'resolved',
    heading: headingOf(alert, language),
    lines: [
      summary,
      texts.time(clock(startedAt, timeZone), timeZone, clock(lastAt, timeZone)),
      texts.count(alert.detections, alert.events),
      ...(named === '' ? [] : [texts.namespaces(`${named}${more}`)]),
      ...(assignee === undefined ? [] : [texts.assignee(assignee)]),
    ],
    ...(pageUrl === undefined ? {} : { link: alertLink(pageUrl, alert.id) }),
  };
}

/** Where the page shows an alert. */
export function alertLink(pageUrl: string, id: string): string {
  return `${pageUrl.replace(/\/+$/, '')}/#/alerts/${id}`;
}

function headingOf({ level, state, rule }: AlertRecord, language: Language): string {
  return `${LEVEL_WORDS[language][level]} · ${rule.title} (${STATE_WORDS[language][state]})`;
}

function clock(at: number, timeZone: string): string {
  return new Date(localTime(at, timeZone).millis).toISOString().slice(0, 19).replace('T', ' ');
}
