/** Formats the C and C++ that git tracks; with --check only looks. */
import { execFileSync, spawnSync } from 'node:child_process';
import { root } from './lib/steps.mjs';

const files = execFileSync('git', ['ls-files', '*.c', '*.h', '*.cc', '*.hh'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(Boolean);
const mode = process.argv.includes('--check') ? ['--dry-run', '-Werror'] : ['-i'];
const { status, error } = spawnSync('clang-format', [...mode, ...files], { cwd: root, stdio: 'inherit' });
if (error)
  process.stderr.write(`clang-format can't be run (Debian package clang-format): ${error.message}\n`);
process.exitCode = status ?? 1;
