/**
 * Builds the addon: native/build/Release/dentryscope.node. Quiet when all is well, the compiler's words when not;
 * with nothing changed it costs as long as make takes to find that out.
 * Needs g++, make, python3, pkg-config and libbpf-dev (Debian's names).
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');

/** The headers that belong to the node that runs: Debian's in /usr/include/node, a tarball's beside its bin/. */
const prefix = dirname(dirname(process.execPath));
const nodedir = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];

function run(...args) {
  const done = spawnSync(process.execPath, [gyp, ...args, '--silent', ...nodedir], {
    cwd: here,
    encoding: 'utf8',
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout}${done.stderr}native: node-gyp ${args[0]} failed\n`);
  process.exit(1);
}

function mtime(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

if (mtime(join(here, 'binding.gyp')) > mtime(join(here, 'build/Makefile'))) run('configure');
run('build', '--jobs=max');
