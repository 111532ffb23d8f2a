import * as z from 'zod';
import { StoreBusy } from '../failure.ts';
import type { SearchCluster } from './cluster.ts';
import { endOf, indexPattern } from './index-names.ts';
import { indexTemplate, MANAGED_BY, mappingsDigest } from './index-template.ts';
import { searchMappings } from './search-fields.ts';
import type { OpenSearchStoreSettings } from './settings.ts';

const acknowledged = z.looseObject({ acknowledged: z.literal(true) });
const templatesReply = z.object({
  index_templates: z.array(
    z.object({
      index_template: z.object({
        _meta: z.looseObject({ managed_by: z.unknown(), mappings: z.unknown() }).optional(),
      }),
    }),
  ),
});
const indexesReply = z.array(z.object({ index: z.string() }));

/**
 * Sees to it that new indexes have our mappings, and old ones the fields that came since. Safe to repeat, and for many
 * collectors to do at once.
 * @throws StoreBusy where it is not so: without them events could not be found as they should
 */
export async function installTemplate(cluster: SearchCluster, settings: OpenSearchStoreSettings): Promise<void> {
  const { indexPrefix, indexSettings } = settings;
  const path = `_index_template/${indexPrefix}`;
  const response = await cluster.ask({
    method: 'GET',
    path: `${path}?filter_path=index_templates.index_template._meta`,
  });
  if (response.status === 200) {
    const known = templatesReply.safeParse(JSON.parse(response.body.toString('utf8'))).data?.index_templates[0];
    const meta = known?.index_template._meta;
    if (meta?.managed_by !== MANAGED_BY) {
      throw new StoreBusy(
        `${response.origin}: the index template ${indexPrefix} was not made by dbaudit: choose another store.indexPrefix`,
      );
    }
    if (meta.mappings === mappingsDigest()) return;
  }
  await cluster.tell({ method: 'PUT', path, body: indexTemplate(indexPrefix, indexSettings) }, acknowledged);
  await cluster.tell(
    { method: 'PUT', path: `${indexPattern(settings)}/_mapping?allow_no_indices=true`, body: searchMappings() },
    acknowledged,
  );
}

/** Removes indexes of which all is older than is kept. Gives their names. */
export async function removeOldIndexes(
  cluster: SearchCluster,
  settings: OpenSearchStoreSettings,
  now: number,
): Promise<readonly string[]> {
  const kept = now - settings.retentionDays * MILLIS_PER_DAY;
  const path = `_cat/indices/${indexPattern(settings)}?format=json&h=index`;
  const indexes = await cluster.tell({ method: 'GET', path }, indexesReply);
  const old = indexes.map(({ index }) => index).filter((index) => (endOf(settings, index) ?? now) <= kept);
  for (const index of old) {
    // Another collector may have been quicker.
    await cluster.ask({ method: 'DELETE', path: `${index}?ignore_unavailable=true` });
  }
  return old;
}

const MILLIS_PER_DAY = 86_400_000;
