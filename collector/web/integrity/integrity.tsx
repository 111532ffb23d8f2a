import { useState } from 'preact/hooks';
import { type VerifyAnswer, verifyAnswerSchema } from '../../../contract/collector-api.ts';
import { type Problem, post } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { Icon } from '../parts/icon.tsx';
import { Allowed, Empty, Loading, ProblemNote } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import { timeRange } from '../route/time-range.ts';
import { may } from '../sign-in/session.ts';
import { dateTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

/** Whether what is kept is what was once written: checked now, in front of the reader. */
export function Integrity() {
  const texts = t().integrity;
  const [answer, setAnswer] = useState<VerifyAnswer>();
  const [problem, setProblem] = useState<Problem>();
  const [working, setWorking] = useState(false);

  async function verify(everything: boolean): Promise<void> {
    setWorking(true);
    setProblem(undefined);
    setAnswer(undefined);
    try {
      setAnswer(await post('/verify', everything ? {} : { range: timeRange.value }, verifyAnswerSchema));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setWorking(false);
  }

  return (
    <Allowed right="integrity/get" has={may('integrity/get')}>
      <p class="muted prose">{texts.intro}</p>
      <div class="actions">
        <button type="button" class="button primary" disabled={working} onClick={() => verify(false)}>
          {working ? texts.verifying : texts.verify}
        </button>
        <button type="button" class="button" disabled={working} onClick={() => verify(true)}>
          {texts.verifyAll}
        </button>
      </div>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {working && <Loading />}
      {!working && answer === undefined && problem === undefined && <Empty title={texts.notYet} />}
      {answer !== undefined && <Verdict answer={answer} />}
    </Allowed>
  );
}

function Verdict({ answer }: { readonly answer: VerifyAnswer }) {
  const texts = t().integrity;
  const { intact, events, chains, checkpoints, findings } = answer;
  return (
    <>
      <div class={intact ? 'verdict good' : 'verdict bad'} role="status">
        <Icon name={intact ? 'integrity' : 'alerts'} />
        <div>
          <h2>{intact ? texts.intact : texts.broken}</h2>
          <p>{intact ? texts.intactHelp : texts.brokenHelp}</p>
          <p class="muted">{texts.checked(whole(events), whole(chains), whole(checkpoints))}</p>
        </div>
      </div>
      {findings.length > 0 && (
        <section class="panel">
          <header class="panel-head">
            <h2>{texts.findings}</h2>
            <span class="hint">{whole(findings.length)}</span>
          </header>
          <table class="list">
            <thead>
              <tr>
                <th scope="col">{texts.columns.kind}</th>
                <th scope="col">{texts.columns.chain}</th>
                <th scope="col" class="number">
                  {texts.columns.position}
                </th>
                <th scope="col" class="wide-only">
                  {texts.columns.at}
                </th>
                <th scope="col">{texts.columns.message}</th>
              </tr>
            </thead>
            <tbody>
              {findings.map(({ kind, chain, position, at, message, eventId }, index) => (
                <tr key={index}>
                  <td class="nowrap">
                    <b>{texts.kinds[kind]}</b>
                  </td>
                  <td class="mono">{chain}</td>
                  <td class="number">{position === undefined ? '' : whole(position)}</td>
                  <td class="nowrap wide-only">{at === undefined ? '' : dateTime(at)}</td>
                  <td class="grow" lang="en">
                    {message}
                    {eventId !== undefined && (
                      <>
                        {' '}
                        <a class="mono" href={link('/search', { event: eventId })}>
                          {eventId}
                        </a>
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}
