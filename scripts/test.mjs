/** Everything that proves it. Sets up, builds, gets the real parts, runs the tests; the last line is the count. */
import { build } from './lib/build.mjs';
import { testAll, vitest } from './lib/lanes.mjs';
import { checkNode, npmPackages, systemPackages } from './lib/setup.mjs';
import { main, show } from './lib/steps.mjs';

const help = `npm test [-- VITEST ARGUMENTS]

Installs what is missing, builds, gets the real parts (Kafka, InfluxDB, kube-apiserver, guest kernels; cached), and runs
all tests, e.g. \`npm test -- lib/store\` for some. The last line is: N passed, N failed, N skipped.
A part that can't be had here skips its tests and is named; with CI=true it fails.
`;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(help);
  checkNode();
  await systemPackages('test');
  await npmPackages();
  await build();
  await getParts();
  if (args.length === 0) return await testAll();
  return await show(process.execPath, vitest(args));
});

/** Not getting one is no failure here: the tests that need it say so, and fail in CI. */
async function getParts() {
  const status = await show(process.execPath, ['scripts/lab.mjs', 'get', 'all']);
  if (status !== 0)
    process.stderr.write('! Some real parts could not be had: the tests that need them name them\n');
}
