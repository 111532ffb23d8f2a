import { basename } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod';

const ADDRESS_AND_SUM = /\{\{\s*addURIAndSha "([^"]+)" \.TagName \}\}/g;

const manifestSchema = z.looseObject({
  spec: z.looseObject({
    platforms: z.array(z.looseObject({ uri: z.string(), selector: z.looseObject({}), bin: z.string() })),
  }),
});

/**
 * The template as krew-release-bot would render it. A platform whose archive `sumOf` does not know is left out.
 * @throws Error where the template is no plugin manifest
 */
export function renderManifest(
  template: string,
  version: string,
  sumOf: (archive: string) => string | undefined,
): string {
  const filled = template.replaceAll('{{ .TagName }}', `v${version}`).replace(ADDRESS_AND_SUM, 'uri: $1');
  const manifest = parse(filled);
  const platforms = manifestSchema.parse(manifest).spec.platforms.flatMap((platform) => {
    const { selector, uri, ...rest } = platform;
    const sum = sumOf(basename(uri));
    return sum === undefined ? [] : [{ selector, uri, sha256: sum, ...rest }];
  });
  return stringify({ ...manifest, spec: { ...manifest.spec, platforms } }, { aliasDuplicateObjects: false });
}
