/**
 * Builds the addon of a folder (native, lib/gzip) into its build/Release: `addon.mjs FOLDER`. Quiet when all is well, the
 * compiler's words when not; with nothing changed it costs as long as make takes to find that out. Builds at the same
 * time wait for each other. Needs g++, make, python3, pkg-config, and libbpf-dev or libisal-dev (Debian's names).
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const [folder, step] = process.argv.slice(2);
const here = resolve(dirname(self), '..', folder);
const recipe = join(here, 'binding.gyp');
const recipes = [recipe, join(dirname(self), 'addon.gypi')];

/** The headers that belong to the node that runs: Debian's in /usr/include/node, a tarball's beside its bin/. */
const prefix = dirname(dirname(process.execPath));
const nodedir = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];

function gyp(command) {
  const script = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [script, command, '--silent', '--jobs=max', ...nodedir];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: here, encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}${folder}: node-gyp ${command} failed\n`);
  process.exit(1);
}

const mtimeMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

if (step === 'locked') {
  const recipeMs = Math.max(...recipes.map(mtimeMs));
  if (recipeMs > mtimeMs(join(here, 'build/Makefile'))) gyp('configure');
  gyp('build');
} else {
  const { status, error } = spawnSync('flock', [recipe, process.execPath, self, folder, 'locked'], {
    stdio: 'inherit',
  });
  if (error) process.stderr.write(`${folder}: ${error.message}\n`);
  process.exitCode = status ?? 1;
}
