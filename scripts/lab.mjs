// npm run lab -- get|start|stop|status|env|clean [PART|all]: the real parts; see --help. Builds the lab when that was not done.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = new URL('../lab/dist/cli.js', import.meta.url);

if (!existsSync(cli)) {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  // Standard output belongs to the variables that the command prints.
  const built = spawnSync(process.execPath, [tsc, '-b', 'lab'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
await import(cli.href);
