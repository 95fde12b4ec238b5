/**
 * `ingest.mjs FOLDER WAY`: for each line `ROWS` on standard input takes what is in the embedded log out of it, by the
 * ingester's own consumer and handler, into DuckDB, until so many rows are committed there and the group's place is
 * too. Says how long that took. The file grows from round to round.
 */
import { join } from 'node:path';
import { topics } from '@dentryscope/contracts';
import { startIngester } from '@dentryscope/ingester';
import { createLogger } from '@dentryscope/runtime';
import { openEmbeddedStore } from '@dentryscope/store';
import { openEmbeddedLog } from '@dentryscope/transport';
import { answerLines } from '../lib/asked.mjs';
import { counted } from '../lib/counted.mjs';
import { cpuMsSince } from '../lib/processor-time.mjs';
import { naiveStore } from './naive.mjs';

const [folder, way] = process.argv.slice(2);
const directory = join(folder, 'store');
const log = openEmbeddedLog({ directory: join(folder, 'log') });
const store = way === 'ours' ? await openEmbeddedStore({ directory }) : await naiveStore(directory);

async function drain(rows) {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let ingester;
  await new Promise((resolve, reject) => {
    ingester = startIngester({
      settings: { store: 'embedded', transport: 'embedded' },
      logger: createLogger('bench', 'warn'),
      consumer: log.consumer({ group: 'bench', topic: topics.deltas }),
      deadLetters: log.publisher(),
      writer: counted(store.writer, rows, resolve),
    });
    ingester.finished.catch(reject);
  });
  await ingester.close();
  const ms = performance.now() - startedMs;
  return { ms, cpuMs: cpuMsSince(cpu) };
}

await answerLines((line) => drain(Number(line)));
await store.close();
await log.close();
