/** Mutated messages through the ingester. See --help. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { typescript } from '../scripts/lib/build.mjs';
import { argsOf } from '../scripts/lib/flags.mjs';
import { checkNode, npmPackages } from '../scripts/lib/setup.mjs';
import { main, root } from '../scripts/lib/steps.mjs';

const PROGRESS_EVERY_MS = 10_000;

/** The product is loaded once it has been built. */
async function setUp() {
  checkNode();
  await npmPackages();
  await typescript();
  const [args, watch, corpus, message] = await Promise.all(
    ['args', 'watch', 'corpus', 'message'].map((name) => import(`./lib/${name}.mjs`)),
  );
  return { ...args, ...watch, ...corpus, ...message };
}

/** Counts up in place on a terminal; elsewhere a line now and then. */
function progress(total, from) {
  const startedMs = Date.now();
  let saidMs = startedMs;
  const tty = process.stderr.isTTY;
  return (index) => {
    const now = Date.now();
    if (!tty && now - saidMs < PROGRESS_EVERY_MS) return;
    saidMs = now;
    const done = index - from;
    const rate = Math.round((done / (now - startedMs)) * 1000);
    const text = `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} messages, ${rate} a second`;
    process.stderr.write(tty ? `\r\x1b[K… ${text}` : `… ${text}\n`);
  };
}

function endOnSignal(inHand, args) {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      process.stderr.write(
        `\n${signal}: ended at message ${inHand.index} of seed ${args.seed}; none was wrong so far\n`,
      );
      process.exit(status);
    });
}

/** Where it can be had again without the fuzzer. */
function keep({ bytes }, { seed }, index) {
  const folder = join(root, '.cache/fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${seed}-${index}.bin`);
  writeFileSync(file, bytes);
  return relative(root, file);
}

function tellFinding(of, args, { finding, index }) {
  const message = of.messageAt(of.corpus(args.seed), args.seed, index);
  process.stdout.write(
    `FAILED  seed ${args.seed}, message ${index}: ${finding}\n` +
      `        mutations: ${message.mutations.join(', ') || 'none'}; ${message.bytes.length} bytes in ${keep(message, args, index)}\n` +
      `        again: npm run fuzz -- --seed ${args.seed} --only ${index}\n`,
  );
}

const mib = (value) => `${value.toFixed(1)} MiB`;

function tellResult(
  args,
  { sent, accepted, deadLettered, bytes, slowest, memory: { early, late, peakRssMiB } },
  seconds,
) {
  const of = (count) => `${count.toLocaleString('en-US')} (${((100 * count) / sent).toFixed(1)} %)`;
  process.stdout.write(
    `seed ${args.seed}: ${sent.toLocaleString('en-US')} messages, ${mib(bytes / 2 ** 20)}, in ${seconds.toFixed(0)} s\n` +
      `  accepted ${of(accepted)}, dead-lettered ${of(deadLettered)}, lost ${sent - accepted - deadLettered}\n` +
      `  slowest: message ${slowest.index}, ${slowest.ms.toFixed(1)} ms\n` +
      `  heap ${mib(early.heapMiB)} after the first tenth, ${mib(late.heapMiB)} at the end; RSS ${mib(early.rssMiB)}, ` +
      `${mib(late.rssMiB)}, at most ${mib(peakRssMiB)}\n`,
  );
}

async function fuzz(of, args) {
  const { only, messages, seed } = args;
  const [from, to] = only === undefined ? [0, messages] : [only, only + 1];
  const inHand = { index: from };
  endOnSignal(inHand, args);
  const say = progress(to - from, from);
  const startedMs = Date.now();
  const onProgress = (index) => say((inHand.index = index));
  const outcome = await of.watch({ ...args, from, to, onProgress });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = (Date.now() - startedMs) / 1000;
  if (args.json) writeFileSync(args.json, `${JSON.stringify({ seed, seconds, ...outcome }, null, 1)}\n`);
  if (outcome.finding) {
    tellFinding(of, args, outcome);
    return 1;
  }
  tellResult(args, outcome.result, seconds);
  if (only !== undefined) return 0;
  const cut = of.untilAllCut(of.corpus(seed));
  process.stdout.write(
    `  every valid message was cut at every place: ${to >= cut ? 'yes' : `no, it takes ${cut} messages`}\n`,
  );
  const { grown } = outcome.result;
  process.stdout.write(grown ? `FAILED  ${grown}\n` : 'PASS\n');
  return grown ? 1 : 0;
}

await main(async () => {
  const of = await setUp();
  const args = argsOf('fuzz', of.readArgs);
  if (args.help) return void process.stdout.write(of.help);
  return await fuzz(of, args);
});
