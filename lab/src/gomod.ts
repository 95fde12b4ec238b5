import { execFile } from 'node:child_process';
import { copyFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exec, execDownload } from './exec.js';

export interface GoModule {
  path: string;
  /** With its `v`. */
  version: string;
  /** Changes to the module's own go.mod. */
  edit?: (goMod: string) => string;
}

/** What a build of ours needs, whatever the user's GOFLAGS say; proxy and checksum settings are inherited. */
const goEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...process.env, GOWORK: 'off', ...env });

async function sourceOf({ path, version }: GoModule, cwd: string): Promise<string> {
  const args = ['mod', 'download', '-json', `${path}@${version}`];
  await execDownload(
    'go',
    args.filter((arg) => arg !== '-json'),
    { cwd, env: goEnv({}) },
  );
  const { stdout } = await promisify(execFile)('go', args, { cwd, env: goEnv({}) });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

/**
 * A module of our own in `dir` that requires the given one with exactly the dependencies it was released
 * with. `go install PATH@VERSION` would refuse, since the released go.mod has replace directives.
 */
export async function writeGoModule(dir: string, module: GoModule): Promise<void> {
  const source = await sourceOf(module, dir);
  const released = readFileSync(join(source, 'go.mod'), 'utf8').replace(/^module .*$/m, 'module lab');
  const edited = module.edit ? module.edit(released) : released;
  writeFileSync(join(dir, 'go.mod'), `${edited}\nrequire ${module.path} ${module.version}\n`);
  copyFileSync(join(source, 'go.sum'), join(dir, 'go.sum'));
  chmodSync(join(dir, 'go.sum'), 0o644);
}

export interface GoBuild {
  dir: string;
  target: string;
  output: string;
  tags?: string;
  /** Linker settings `NAME=VALUE`. */
  set?: string[];
  env?: NodeJS.ProcessEnv;
}

/** `-mod=mod` lets go add to go.sum what the released one lacks, checked against the checksum database. */
export async function goBuild(build: GoBuild): Promise<void> {
  const ldflags = ['-s', '-w', ...(build.set ?? []).map((set) => `-X ${set}`)].join(' ');
  const flags = ['-mod=mod', '-buildvcs=false', '-trimpath', '-tags', build.tags ?? '', '-ldflags', ldflags];
  const args = ['build', ...flags, '-o', build.output, build.target];
  await execDownload('go', args, { cwd: build.dir, env: goEnv(build.env ?? {}) });
}

/** One command of a module without replace directives, built into `bin`. */
export async function goInstall(command: string, bin: string, cwd: string): Promise<void> {
  await exec('go', ['install', command], { cwd, env: goEnv({ GOBIN: bin }) });
}
