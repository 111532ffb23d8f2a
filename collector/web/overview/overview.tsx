import type { Filter } from '../../../contract/filter.ts';
import { useLoaded } from '../api/loaded.ts';
import { histogram, totals } from '../api/questions.ts';
import { LOSSES, STATEMENTS } from '../event/words.ts';
import { Awaited, Empty } from '../parts/states.tsx';
import { TimeChart } from '../parts/time-chart.tsx';
import { chooseRange, stepSeconds, timeRange } from '../route/time-range.ts';
import { t } from '../text/index.ts';
import { Coverage } from './coverage.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import { Tiles } from './tiles.tsx';
import { TopClients, TopStatements, TopTables, TopUsers } from './top-list.tsx';

const OF_STATEMENTS: Filter = { kind: 'is', field: 'event.action', values: STATEMENTS };
const OF_LOSSES: Filter = { kind: 'is', field: 'event.action', values: LOSSES };

/** The state of things in one screen: how much, how well, who, and what was not seen. */
export function Overview() {
  const texts = t().overview;
  const range = timeRange.value;
  const key = JSON.stringify(range);
  const step = stepSeconds(range);
  const counts = useLoaded(key, (signal) => totals({ range, filter: OF_STATEMENTS, before: true }, signal));
  const activity = useLoaded(key, async (signal) => {
    const question = { range, stepSeconds: step };
    const [statements, errors, losses] = await Promise.all([
      histogram({ ...question, filter: OF_STATEMENTS }, signal),
      histogram({ ...question, filter: OF_STATEMENTS, measure: 'errors' }, signal),
      histogram({ ...question, filter: OF_LOSSES }, signal),
    ]);
    return {
      steps: statements.steps,
      statements: firstLine(statements),
      errors: firstLine(errors),
      losses: firstLine(losses),
    };
  });
  return (
    <div class="overview">
      <Awaited loaded={counts}>{(answer) => <Tiles answer={answer} />}</Awaited>
      <section class="panel">
        <header class="panel-head">
          <h2>{texts.activity}</h2>
          <span class="hint">{texts.zoomHint}</span>
        </header>
        <Awaited loaded={activity}>
          {(answer) => (
            <TimeChart
              label={texts.activity}
              range={range}
              steps={answer.steps}
              stepSeconds={step}
              onZoom={chooseRange}
              lanes={[
                { kind: 'events', label: texts.statements, counts: answer.statements },
                { kind: 'errors', label: texts.errors, counts: answer.errors },
                { kind: 'gaps', label: texts.gapsLane, counts: answer.losses },
              ]}
            />
          )}
        </Awaited>
      </section>
      {counts.value?.totals.events === 0 && <Empty title={texts.empty}>{texts.emptyHelp}</Empty>}
      <div class="columns">
        <OpenAlerts />
        <Coverage range={range} />
      </div>
      <div class="columns">
        <TopTables range={range} filter={OF_STATEMENTS} />
        <TopUsers range={range} filter={OF_STATEMENTS} />
        <TopClients range={range} filter={OF_STATEMENTS} />
      </div>
      <TopStatements range={range} filter={OF_STATEMENTS} />
    </div>
  );
}

function firstLine({
  lines,
}: {
  readonly lines: readonly { readonly counts: readonly number[] }[];
}): readonly number[] {
  return lines[0]?.counts ?? [];
}
