/** What is made from its one declaration: wire types and the configuration and metrics docs. --check: is it stale? */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/steps.mjs';

const check = process.argv.includes('--check');
const load = (path) => import(pathToFileURL(join(root, path)).href);
const { configurationDoc } = await load('lib/runtime/dist/index.js');
const { metricsDoc } = await load('cli/dist/metrics-doc.js');

const stale = [];
for (const [path, text] of [
  ['docs/configuration.md', configurationDoc()],
  ['docs/metrics.md', await metricsDoc()],
]) {
  const file = join(root, path);
  let old = '';
  try {
    old = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (old === text) continue;
  stale.push(path);
  if (!check) writeFileSync(file, text);
}

const wire = 'lib/contracts/src/gen/dentryscope/v1/wire_pb.ts';
const before = readFileSync(join(root, wire), 'utf8');
execFileSync(
  'protoc',
  [
    `--plugin=${join(root, 'node_modules/.bin/protoc-gen-es')}`,
    '--proto_path=proto',
    '--es_out=src/gen',
    '--es_opt=target=ts,import_extension=js',
    'dentryscope/v1/wire.proto',
  ],
  { cwd: join(root, 'lib/contracts'), stdio: 'inherit' },
);
if (readFileSync(join(root, wire), 'utf8') !== before) stale.push(wire);
if (check) writeFileSync(join(root, wire), before);

for (const path of stale) process.stderr.write(`${check ? 'stale' : 'written'}: ${path}\n`);
if (check && stale.length > 0) process.exitCode = 1;
