import type { EmbeddedOptions, EmbeddedStore } from './embedded/open.js';

/** DuckDB is loaded when it is wanted: an ingester that writes to InfluxDB spares its 15 MB. See embedded/open.ts. */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const { openEmbeddedStore: open } = await import('./embedded/open.js');
  return await open(options);
}
