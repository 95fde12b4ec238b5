/**
 * Builds the addon of a folder (native, lib/gzip) into its build/Release: `addon.mjs FOLDER`. Quiet when all is well, the
 * compiler's words when not; with nothing changed it costs as long as make takes to find that out. Builds at the same
 * time wait for each other. Needs g++, make, python3, pkg-config, and libbpf-dev or libisal-dev (Debian's names).
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const [folder, step] = process.argv.slice(2);
const here = resolve(dirname(self), '..', folder);
const recipe = join(here, 'binding.gyp');

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

/** gyp puts them into the package, and the Makefile of native includes them: a new `npm ci` takes them away. */
function lacksRules() {
  const target = 'node_addon_api_except';
  const folder = dirname(createRequire(import.meta.url).resolve('node-addon-api/package.json'));
  return readFileSync(recipe, 'utf8').includes(target) && !existsSync(join(folder, `${target}.target.mk`));
}

if (step === 'locked') {
  if (mtimeMs(recipe) > mtimeMs(join(here, 'build/Makefile')) || lacksRules()) gyp('configure');
  gyp('build');
} else {
  const { status, error } = spawnSync('flock', [recipe, process.execPath, self, folder, 'locked'], {
    stdio: 'inherit',
  });
  if (error) process.stderr.write(`${folder}: ${error.message}\n`);
  process.exitCode = status ?? 1;
}
