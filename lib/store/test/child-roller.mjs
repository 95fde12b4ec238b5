/**
 * Rolls up the oldest hour of the embedded store of argv[2] that starts before argv[3] (Unix milliseconds), and is killed
 * by SIGKILL at the statement argv[4] of it: before it runs. Says `done` where there are fewer statements.
 */
import { DuckDBConnection } from '@duckdb/node-api';
import { openEmbeddedStore } from '@dentryscope/store';

const [directory, beforeMs, killAt] = process.argv.slice(2);
const { writer, close } = await openEmbeddedStore({ directory });
const { run } = DuckDBConnection.prototype;
let statements = 0;
DuckDBConnection.prototype.run = function (...statement) {
  if (++statements === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  return run.apply(this, statement);
};
await writer.forget(Number(beforeMs), 0);
await close();
process.stdout.write('done\n');
