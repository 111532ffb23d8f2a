import type { Plugin } from 'esbuild';

const PACKAGE = /[\\/]node_modules[\\/]@platformatic[\\/]kafka[\\/]/;

/**
 * What the Kafka client loads and we can do without: validators of options, of clients that an agent does not use and of the
 * collector's consumer, whose settings are checked by a schema of ours; and compressions other than those of Node. With them an
 * agent would have 27 MB more at work. docs/adr/0009-kafka-client.md
 */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  'ajv/dist/2020.js': `export class Ajv2020 {
    addKeyword() {}
    compile() { return () => true; }
  }`,
  '@platformatic/wasm-utils': `function missing() { throw new Error('this compression is not in the bundle'); }
    export { missing as crc32c, missing as lz4Compress, missing as lz4Decompress, missing as snappyCompress,
      missing as snappyDecompress };`,
};

/** Leaves parts of the Kafka client out of a bundle that nothing in it needs; its own index names all of them. */
export const unusedParts: Plugin = {
  name: 'unused-parts',
  setup(build) {
    build.onResolve({ filter: /^(ajv\/dist\/2020\.js|@platformatic\/wasm-utils)$/ }, ({ path, importer }) =>
      PACKAGE.test(importer) ? { path, namespace: 'unused-part', sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'unused-part' }, ({ path }) => ({ contents: REPLACEMENTS[path] ?? '' }));
    // Its package.json does not say that its files may be left out where nothing of them is used.
    build.onResolve({ filter: /^(\.|@platformatic\/kafka$)/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === unusedParts || !(path.startsWith('@') || PACKAGE.test(options.importer))) return undefined;
      const resolved = await build.resolve(path, { ...options, pluginData: unusedParts });
      return resolved.errors.length > 0 ? undefined : { ...resolved, sideEffects: false };
    });
  },
};
