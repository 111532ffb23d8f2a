import { useState } from 'preact/hooks';
import { type RuleTestAnswer, ruleTestAnswerSchema } from '../../../contract/collector-api.ts';
import { type Problem, post } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { Statement } from '../event/statement.tsx';
import { eventLine, whoOf } from '../event/words.ts';
import { ProblemNote } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import { timeRange } from '../route/time-range.ts';
import { preciseTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

const MOST_DETECTIONS = 50;
const EVENTS_SHOWN = 3;
const LONGEST_LINE = 300;

/** What a rule would have found in the chosen time, before it is let loose. */
export function RuleTest({ question }: { readonly question: { readonly id: string } | { readonly source: string } }) {
  const texts = t().rules;
  const [answer, setAnswer] = useState<RuleTestAnswer>();
  const [problem, setProblem] = useState<Problem>();
  const [working, setWorking] = useState(false);

  async function run(): Promise<void> {
    setWorking(true);
    setProblem(undefined);
    setAnswer(undefined);
    try {
      const request = { ...question, range: timeRange.value, limit: MOST_DETECTIONS };
      setAnswer(await post('/rules/test', request, ruleTestAnswerSchema));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setWorking(false);
  }

  return (
    <section class="panel">
      <header class="panel-head">
        <button type="button" class="button" disabled={working} onClick={run}>
          {working ? texts.testing : texts.test}
        </button>
        <span class="hint">{texts.testHelp}</span>
      </header>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {answer !== undefined && <Detections answer={answer} />}
    </section>
  );
}

function Detections({ answer }: { readonly answer: RuleTestAnswer }) {
  const texts = t().rules;
  return (
    <>
      <p class="note-title pad" role="status">
        {answer.total === 0 ? texts.wouldBeSilent : texts.tested(whole(answer.total), whole(answer.matched))}
      </p>
      {answer.detections.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th scope="col">{texts.at}</th>
              <th scope="col">{texts.group}</th>
              <th scope="col">{texts.events}</th>
            </tr>
          </thead>
          <tbody>
            {answer.detections.map(({ at, group, count, events }, index) => (
              <tr key={index}>
                <td class="mono nowrap">{preciseTime(at, true)}</td>
                <td class="mono lines">
                  {Object.entries(group)
                    .map(([field, value]) => `${field} = ${value}`)
                    .join('\n')}
                </td>
                <td class="grow">
                  <b>{whole(count)}</b>
                  <ul class="found-events">
                    {events.slice(0, EVENTS_SHOWN).map((event) => (
                      <li key={event.event.id}>
                        <a href={link('/search', { event: event.event.id })}>
                          <span class="muted">{whoOf(event)}</span>{' '}
                          <Statement text={eventLine(event).slice(0, LONGEST_LINE)} />
                        </a>
                      </li>
                    ))}
                  </ul>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
