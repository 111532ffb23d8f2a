import type { Facts } from './facts.ts';

export const LANGUAGES = ['en', 'zh'] as const;

export type Language = (typeof LANGUAGES)[number];

/**
 * One line: what, who, where. Made of names alone, so that whoever may see the alert may read it.
 * @param title the rule's
 */
export function summarize(title: string, facts: Facts, language: Language): string {
  return language === 'zh' ? inChinese(title, facts) : inEnglish(title, facts);
}

/** Of the alert that stands for all further groups of a rule that fires too often. */
export function summarizeFlood(title: string, perHour: number, language: Language): string {
  return language === 'zh'
    ? `${title}：一小时内超过 ${perHour} 条告警，其余的合并在此`
    : `${title}: more than ${perHour} alerts in an hour; all further ones are counted here`;
}

function inEnglish(title: string, { actions, accounts, actors, clients, servers, databases }: Facts): string {
  const more = (count: number) => ` and ${count} more`;
  const who = listed(accounts, more);
  const behind = listed(actors, more);
  const parts = [
    listed(actions, more),
    said('by ', who === '' ? behind : `${who}${said(' (', behind, ')')}`),
    said('from ', listed(clients, more)),
    said('on ', listed(servers, more)),
    said('in database ', listed(databases, more)),
  ].filter((part) => part !== '');
  return parts.length === 0 ? title : `${title}: ${parts.join(' ')}`;
}

function inChinese(title: string, { actions, accounts, actors, clients, servers, databases }: Facts): string {
  const more = (count: number) => ` 等 ${count + 1} 项`;
  const parts = [
    said('操作 ', listed(actions, more)),
    said('账号 ', listed(accounts, more)),
    said('操作人 ', listed(actors, more)),
    said('来自 ', listed(clients, more)),
    said('目标 ', listed(servers, more)),
    said('数据库 ', listed(databases, more)),
  ].filter((part) => part !== '');
  return parts.length === 0 ? title : `${title}：${parts.join('，')}`;
}

function listed([first, ...others]: readonly string[], more: (count: number) => string): string {
  if (first === undefined) return '';
  return others.length === 0 ? first : `${first}${more(others.length)}`;
}

function said(before: string, words: string, after = ''): string {
  return words === '' ? '' : `${before}${words}${after}`;
}
