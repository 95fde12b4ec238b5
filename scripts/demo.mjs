/** A first look: sets up, builds, and runs everything in one process, this machine's kernel and 50 simulated nodes. */
import { build } from './lib/build.mjs';
import { checkNode, npmPackages, systemPackages } from './lib/setup.mjs';
import { main, root, show } from './lib/steps.mjs';
import { join } from 'node:path';

const help = `npm run demo [-- FLAGS]

Installs what is missing, builds, and runs \`dentryscope standalone --simulate\`: this machine's own kernel where it may,
50 simulated nodes beside it, and the page at http://127.0.0.1:8080. Ctrl-C ends it. Data: .data/demo (safe to delete).
FLAGS go to standalone, e.g. --api-listen 127.0.0.1:8081 or --simulate-nodes 200.
`;

await main(async () => {
  const flags = process.argv.slice(2);
  if (flags.includes('--help') || flags.includes('-h')) return void process.stdout.write(help);
  checkNode();
  await systemPackages('demo');
  await npmPackages();
  await build();
  return await show(
    process.execPath,
    [join(root, 'cli/bin/dentryscope.mjs'), 'standalone', '--simulate', ...flags],
    {
      env: { DENTRYSCOPE_DATA_DIR: join(root, '.data/demo'), DENTRYSCOPE_LOG_LEVEL: 'warn', ...process.env },
    },
  );
});
