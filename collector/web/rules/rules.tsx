import { type RuleAnswer, rulesAnswerSchema } from '../../../contract/collector-api.ts';
import { get } from '../api/call.ts';
import { useLoaded } from '../api/loaded.ts';
import { Level } from '../parts/outcome.tsx';
import { Allowed, Awaited, Empty } from '../parts/states.tsx';
import { link, route, setQuery } from '../route/route.ts';
import { may } from '../sign-in/session.ts';
import { compact, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { ModeSwitch } from './mode-switch.tsx';
import { changeMode } from './rule-change.ts';
import { RuleDetail } from './rule-detail.tsx';
import { RuleEditor } from './rule-editor.tsx';

const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'] as const;
const MODES = ['on', 'observe', 'off'] as const;
/** Not an id that a rule can have: Sigma's are UUIDs or words with dots. */
const NEW = '+new';

/** All rules, one of them, or the editor of a new one. */
export function Rules() {
  const id = route.value.query.get('id');
  const has = may('rules/get');
  const loaded = useLoaded(has ? 'rules' : undefined, (signal) => get('/rules', rulesAnswerSchema, signal));
  return (
    <Allowed right="rules/get" has={has}>
      {id === NEW ? (
        <RuleEditor source={NEW_RULE} onSaved={loaded.reload} />
      ) : (
        <Awaited loaded={loaded}>
          {({ rules }) =>
            id === null ? (
              <RuleList rules={rules} reload={loaded.reload} />
            ) : (
              <RuleDetail key={id} rule={rules.find((rule) => rule.id === id)} reload={loaded.reload} />
            )
          }
        </Awaited>
      )}
    </Allowed>
  );
}

/** A rule to begin with. https://sigmahq.io/docs/basics/rules.html */
const NEW_RULE = `id: own.read-of-payments
title: Somebody reads payments by hand
description: An interactive client reads the table payments.
status: experimental
level: medium
logsource:
  category: database
detection:
  selection:
    dbaudit.statement.tables: payments
    dbaudit.statement.class: READ
    dbaudit.session.program:
      - psql
      - mysql
  condition: selection
`;

interface RuleListProps {
  readonly rules: readonly RuleAnswer[];
  readonly reload: () => void;
}

function RuleList({ rules, reload }: RuleListProps) {
  const texts = t().rules;
  const { query } = route.value;
  const words = query.get('find') ?? '';
  const level = LEVELS.find((name) => name === query.get('level'));
  const mode = MODES.find((name) => name === query.get('mode'));
  const shown = rules.filter(
    (rule) =>
      (level === undefined || rule.level === level) && (mode === undefined || rule.mode === mode) && has(rule, words),
  );
  return (
    <>
      <div class="result-bar">
        <label class="grow">
          <span class="visually-hidden">{texts.search}</span>
          <input
            type="search"
            placeholder={texts.search}
            value={words}
            onInput={(event) => setQuery({ find: event.currentTarget.value }, true)}
          />
        </label>
        <label>
          <span class="visually-hidden">{texts.columns.level}</span>
          <select value={level ?? ''} onChange={(event) => setQuery({ level: event.currentTarget.value })}>
            <option value="">{t().alerts.anyLevel}</option>
            {LEVELS.map((name) => (
              <option key={name} value={name}>
                {t().levels[name]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="visually-hidden">{texts.columns.mode}</span>
          <select value={mode ?? ''} onChange={(event) => setQuery({ mode: event.currentTarget.value })}>
            <option value="">{texts.anyMode}</option>
            {MODES.map((name) => (
              <option key={name} value={name}>
                {texts.modes[name]}
              </option>
            ))}
          </select>
        </label>
        <b aria-live="polite">{texts.count(shown.length, whole(shown.length))}</b>
        {may('rules/update') && (
          <a class="button" href={link('/rules', { id: NEW })}>
            {texts.create}
          </a>
        )}
      </div>
      {shown.length === 0 ? <Empty title={texts.none} /> : <RuleTable rules={shown} reload={reload} />}
    </>
  );
}

function has({ id, title, tags }: RuleAnswer, words: string): boolean {
  const text = [id, title, ...tags].join(' ').toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function RuleTable({ rules, reload }: RuleListProps) {
  const texts = t().rules;
  return (
    <table class="list panel">
      <thead>
        <tr>
          <th scope="col">{texts.columns.level}</th>
          <th scope="col">{texts.columns.title}</th>
          <th scope="col">{texts.columns.mode}</th>
          <th scope="col" class="number wide-only" title={texts.detectionsHelp}>
            {texts.columns.detections}
          </th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.id}>
            <td>
              <Level level={rule.level} />
            </td>
            <td class="grow">
              <a href={link('/rules', { id: rule.id })} data-row>
                {rule.title}
              </a>{' '}
              {rule.ruleset === 'custom' && <span class="tag">{texts.rulesets.custom}</span>}
              <p class="muted mono wide-only">{rule.id}</p>
              {rule.problem !== undefined && (
                <p class="danger">
                  {texts.problem}: {rule.problem}
                </p>
              )}
            </td>
            <td>
              <ModeSwitch rule={rule} onChange={(mode) => changeMode(rule.id, mode).then(reload)} />
            </td>
            <td class="number wide-only">{compact(rule.detections)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
