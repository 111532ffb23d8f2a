import { useState } from 'preact/hooks';
import { silencesAnswerSchema } from '../../../contract/collector-api.ts';
import { get, type Problem, send } from '../api/call.ts';
import { asProblem, useLoaded } from '../api/loaded.ts';
import { Allowed, Awaited, Empty, ProblemNote } from '../parts/states.tsx';
import { may } from '../sign-in/session.ts';
import { dateTime } from '../text/format.ts';
import { t } from '../text/index.ts';

/** What nobody is told of, until when and why. */
export function Silences() {
  const texts = t().silences;
  const has = may('silences/get');
  const loaded = useLoaded(has ? 'silences' : undefined, (signal) => get('/silences', silencesAnswerSchema, signal));
  const [problem, setProblem] = useState<Problem>();

  async function end(id: string): Promise<void> {
    setProblem(undefined);
    try {
      await send('DELETE', `/silences/${encodeURIComponent(id)}`);
      loaded.reload();
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <Allowed right="silences/get" has={has}>
      {problem !== undefined && <ProblemNote problem={problem} />}
      <Awaited loaded={loaded}>
        {({ silences }) =>
          silences.length === 0 ? (
            <Empty title={texts.none} />
          ) : (
            <table class="list panel">
              <thead>
                <tr>
                  <th scope="col">{texts.columns.what}</th>
                  <th scope="col">{texts.columns.until}</th>
                  <th scope="col">{texts.columns.reason}</th>
                  <th scope="col">{texts.columns.by}</th>
                  <td />
                </tr>
              </thead>
              <tbody>
                {silences.map(({ id, rules, group, until, reason, by }) => (
                  <tr key={id}>
                    <td class="mono lines">
                      {[
                        rules?.join(', ') ?? texts.allRules,
                        ...Object.entries(group).map(([field, value]) => `${field} = ${value}`),
                      ].join('\n')}
                    </td>
                    <td>{dateTime(until)}</td>
                    <td class="grow">{reason}</td>
                    <td class="mono">{by}</td>
                    <td>
                      {may('silences/update') && (
                        <button type="button" class="button small" onClick={() => end(id)}>
                          {texts.end}
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Awaited>
    </Allowed>
  );
}
