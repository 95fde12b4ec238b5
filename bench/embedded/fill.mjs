/**
 * `fill.mjs FOLDER FLEET-AS-JSON`: for each line `WINDOWS` on standard input puts that many windows of the fleet into the
 * embedded log and says how many rows they have. A process of its own, so that the ingester's heap is its own too.
 */
import { topics } from '@dentryscope/contracts';
import { openEmbeddedLog } from '@dentryscope/transport';
import { answerLines } from '../lib/asked.mjs';
import { recordFleet } from './record.mjs';

const [directory, fleet] = process.argv.slice(2);
const window = recordFleet(JSON.parse(fleet));
const log = openEmbeddedLog({ directory });
const publisher = log.publisher();

let next = 0;
async function fill(windows) {
  let rows = 0;
  for (const until = next + windows; next < until; next++) {
    const messages = window(next);
    await publisher.publish(
      topics.deltas,
      messages.map(({ message }) => message),
    );
    rows += messages.reduce((sum, one) => sum + one.rows, 0);
  }
  return rows;
}

await answerLines((line) => fill(Number(line)));
await log.close();
