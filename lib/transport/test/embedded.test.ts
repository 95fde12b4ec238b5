import { openEmbeddedLog } from '@dentryscope/transport';
import { conformance } from './conformance.js';
import type { Bench, ConsumerOptions } from './conformance.js';
import { freshDirectory } from './helpers.js';

const directory = freshDirectory();

conformance('embedded log', async (): Promise<Bench> => {
  const log = openEmbeddedLog({ directory });
  const more: { close(): Promise<void> }[] = [];
  return {
    publisher: () => log.publisher(),
    consumer({ topic, group, fromBeginning, ephemeral, ...bounds }: ConsumerOptions) {
      const own = openEmbeddedLog({ directory, ...bounds });
      more.push(own);
      return own.consumer({
        topic,
        group,
        ...(fromBeginning === undefined ? {} : { fromBeginning }),
        ...(ephemeral === undefined ? {} : { ephemeral }),
      });
    },
    spec: { directory },
    async close() {
      await Promise.all(more.map((own) => own.close()));
      await log.close();
    },
  };
});
