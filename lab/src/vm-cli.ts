import { existsSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { asKernelVersion, boot, GUEST_TIMEOUT_MS, KERNELS } from './vm.js';
import type { CgroupLayout, GuestOptions } from './vm.js';

const HELP = `Usage: npm run vm -- [options] KERNEL SCRIPT

Boots a Debian kernel in QEMU (software emulation) and runs SCRIPT in it as root. The guest sees this machine's files,
read-only; its writes are thrown away. cgroups are at /sys/fs/cgroup, an empty ext4 disk at /data, dentryscope on PATH.
Standard output, standard error and the exit status are the script's.

  KERNEL             one of ${KERNELS.join(', ')}
  SCRIPT             shell commands, the path of a file, or - for standard input
  --memory MB        memory of the guest (2048)
  --cpus N           processors of the guest (2)
  --disk MB          size of /data (8192)
  --cgroup LAYOUT    v1, v2 or hybrid (v2)
  --timeout SECONDS  ends the guest with status 124 (${GUEST_TIMEOUT_MS / 1000})
  --append TEXT      more kernel parameters
  --verbose          the kernel's console on standard error
  --help             this text
`;

class UsageError extends Error {}

class Interrupted extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
  }
}

const OPTIONS = {
  memory: { type: 'string' },
  cpus: { type: 'string' },
  disk: { type: 'string' },
  cgroup: { type: 'string' },
  timeout: { type: 'string' },
  append: { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Request {
  kernel: string;
  script: Buffer;
  options: GuestOptions & { timeoutMs: number };
}

/** Undefined when help was asked for. Throws {@link UsageError} naming the argument at fault. */
function parse(args: string[]): Request | undefined {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return undefined;
  const [kernel, script, ...rest] = positionals;
  if (kernel === undefined || script === undefined) throw new UsageError('KERNEL and SCRIPT are needed');
  if (rest.length > 0) throw new UsageError('SCRIPT is one argument: quote it');
  asKernelVersion(kernel);
  const number = (name: 'memory' | 'cpus' | 'disk' | 'timeout', fallback: number) =>
    positive(`--${name}`, values[name] ?? String(fallback));
  const options = {
    memoryMb: number('memory', 2048),
    cpus: number('cpus', 2),
    diskMb: number('disk', 8192),
    timeoutMs: number('timeout', GUEST_TIMEOUT_MS / 1000) * 1000,
    cgroup: layout(values.cgroup ?? 'v2'),
    append: values.append ?? '',
    verbose: values.verbose ?? false,
  };
  return { kernel, script: load(script), options };
}

function parseStrictly(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`${name} must be a whole number above 0, not ${text}`);
  return Number(text);
}

function layout(text: string): CgroupLayout {
  if (text === 'v1' || text === 'v2' || text === 'hybrid') return text;
  throw new UsageError(`--cgroup must be v1, v2 or hybrid, not ${text}`);
}

function load(script: string): Buffer {
  if (script === '-') return readFileSync(0);
  if (script.length < 4096 && existsSync(script) && statSync(script).isFile()) return readFileSync(script);
  return Buffer.from(script);
}

/** Ctrl-C and the like end the guest in order; a second one ends us at once. */
function abortOnSignals(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => abort.abort(new Interrupted(name)));
  for (const stream of [process.stdout, process.stderr])
    stream.once('error', () => abort.abort(new Interrupted('SIGPIPE')));
  return abort.signal;
}

async function main(): Promise<number> {
  const request = parse(process.argv.slice(2));
  if (request === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const options = { ...request.options, signal: abortOnSignals() };
  const result = await boot(request.kernel, request.script, process, options);
  if (result.timedOut)
    process.stderr.write(`vm: the guest was ended after ${request.options.timeoutMs / 1000} s (--timeout)\n`);
  return result.status;
}

/** As a shell would: 128 and the signal's number; 2 for wrong arguments; 125 when the guest itself failed. */
function statusOf(error: Error): number {
  if (error instanceof Interrupted) return 128 + constants.signals[error.signal];
  return error instanceof UsageError || error instanceof RangeError ? 2 : 125;
}

main().then(
  (status) => (process.exitCode = status),
  (error: Error) => {
    process.stderr.write(`vm: ${error.message}\n`);
    process.exitCode = statusOf(error);
  },
);
