/** Docker Compose for tests: the one that is installed, or one built from its Go module, into the lab's cache. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheRoot } from '@dentryscope/lab';

const VERSION = 'v2.29.7';
const MODULE = `github.com/docker/compose/v2/cmd@${VERSION}`;
const built = () => join(cacheRoot(), 'parts', `compose-${VERSION}`, 'docker-compose');

/** What to start, with the arguments that come before Compose's own. */
export type ComposeCommand = readonly [command: string, ...args: string[]];

function answers(command: string, ...args: string[]): boolean {
  try {
    return /\bv?2\.\d/.test(
      execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return false;
  }
}

const installed: readonly ComposeCommand[] = [['docker', 'compose'], ['docker-compose']];

function findCompose(): ComposeCommand | undefined {
  if (existsSync(built())) return [built()];
  return installed.find(([command, ...args]) => answers(command, ...args, 'version', '--short'));
}

/** @returns why there is no Compose here; undefined when there is one or it can be built. CI=true: throws instead. */
export function composeMissing(): string | undefined {
  if (findCompose() || hasGo()) return undefined;
  const reason = `Docker Compose is missing: install its plugin, or Go 1.21 or later to have ${VERSION} built`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Takes minutes the first time, where it has to be built. @throws Error with go's words */
export async function getCompose(): Promise<ComposeCommand> {
  return findCompose() ?? (await buildCompose());
}

/** Built aside and renamed into place: what is there is whole, and two builders do no harm. */
async function buildCompose(): Promise<ComposeCommand> {
  mkdirSync(cacheRoot(), { recursive: true });
  const scratch = mkdtempSync(join(cacheRoot(), 'compose-'));
  try {
    const env = { ...process.env, GOBIN: scratch, GOFLAGS: '', GOWORK: 'off' };
    await promisify(execFile)('go', ['install', MODULE], { cwd: scratch, env });
    mkdirSync(dirname(built()), { recursive: true });
    renameSync(join(scratch, 'cmd'), built());
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return [built()];
}

interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly command: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly secrets?: readonly { readonly source: string }[];
  readonly ports?: readonly { readonly host_ip?: string; readonly published: string }[];
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly volumes?: readonly {
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
}

export interface ComposeConfig {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** The project as Compose understands it: merged, interpolated, checked against its schema. @throws Error */
export async function composeConfig(compose: ComposeCommand, directory: string): Promise<ComposeConfig> {
  const [command, ...args] = compose;
  const { stdout } = await promisify(execFile)(command, [...args, 'config', '--format', 'json'], {
    cwd: directory,
  });
  return JSON.parse(stdout) as ComposeConfig;
}
