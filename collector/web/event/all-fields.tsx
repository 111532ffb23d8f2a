import type { AuditEvent } from '../../../contract/audit-event.ts';
import { eventField } from '../../../contract/event-fields.ts';
import { go, link, route } from '../route/route.ts';
import { condition, withCondition } from '../search/search-language.ts';
import { t } from '../text/index.ts';

/** Every field that the event has, under the names that searches and rules use. */
export function AllFields({ event }: { readonly event: AuditEvent }) {
  const texts = t().search;
  return (
    <table class="all-fields">
      <tbody>
        {leaves(event).map(([name, value]) => (
          <tr key={name}>
            <th scope="row" class="mono" title={eventField(name)?.meaning}>
              {name}
            </th>
            <td class="mono">{value}</td>
            <td class="field-actions">
              {eventField(name) !== undefined && (
                <>
                  <button
                    type="button"
                    title={texts.add(value)}
                    aria-label={texts.add(`${name} ${value}`)}
                    onClick={() => narrowTo(name, value, true)}
                  >
                    +
                  </button>
                  <button
                    type="button"
                    title={texts.remove(value)}
                    aria-label={texts.remove(`${name} ${value}`)}
                    onClick={() => narrowTo(name, value, false)}
                  >
                    −
                  </button>
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function narrowTo(field: string, value: string, wanted: boolean): void {
  const q = withCondition(route.value.query.get('q') ?? '', condition(field, value, wanted));
  go(link('/search', { q }));
}

/** Paths and values; of a list, each value. */
function leaves(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
  }
  return [[path, String(value)]];
}
