/**
 * `ingest.mjs FOLDER WAY`: for each line `ROWS` on standard input takes what is in the embedded log out of it, by the
 * ingester's own consumer and handler, into DuckDB, until so many rows are committed there and the group's place is
 * too. Says how long that took. The file grows from round to round.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { topics } from '@dentryscope/contracts';
import { startIngester } from '@dentryscope/ingester';
import { createLogger } from '@dentryscope/runtime';
import { openEmbeddedStore } from '@dentryscope/store';
import { openEmbeddedLog } from '@dentryscope/transport';
import { naiveStore } from './naive.mjs';

const [folder, way] = process.argv.slice(2);
const directory = join(folder, 'store');
const log = openEmbeddedLog({ directory: join(folder, 'log') });
const store = way === 'ours' ? await openEmbeddedStore({ directory }) : await naiveStore(directory);

/** A writer that says when so many rows are in. */
function counted(rows, done) {
  let left = rows;
  return {
    write: async (batches) => {
      await store.writer.write(batches);
      left -= batches.reduce((sum, { cgroups }) => sum + cgroups.ids.length, 0);
      if (left <= 0) done();
    },
  };
}

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
      writer: counted(rows, resolve),
    });
    ingester.finished.catch(reject);
  });
  await ingester.close();
  const ms = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await drain(Number(line)))}\n`);
await store.close();
await log.close();
