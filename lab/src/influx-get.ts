import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Recipe } from './get.js';
import { goBuild, goInstall, writeGoModule } from './gomod.js';
import { step } from './progress.js';

export const INFLUX_VERSIONS = ['2.7.12'] as const;
export type InfluxVersion = (typeof INFLUX_VERSIONS)[number];

const MODULE = 'github.com/influxdata/influxdb/v2';
/** Builds libflux (Rust) when go asks pkg-config for it; the version is the one influxdb's go.mod names. */
const PKG_CONFIG = 'github.com/influxdata/pkg-config@v0.2.14';

/** libflux forbids warnings, and newer compilers have new ones; RUSTFLAGS would not reach its host build. */
const RUSTC_WRAPPER = `#!/bin/sh
exec "$@" --cap-lints warn
`;

/** So that go sees a package of this module that needs influxd, whose own package is a `main`. */
const TOOLS_GO = `//go:build tools

package lab

import _ "${MODULE}/cmd/influxd"
`;

/** libflux's rust-toolchain file asks for one toolchain, which rustup would fetch: take an installed one. */
function rustToolchain(): NodeJS.ProcessEnv {
  if (process.env['RUSTUP_TOOLCHAIN']) return {};
  const ask = (args: string[]) =>
    execFileSync('rustup', args, { encoding: 'utf8', cwd: tmpdir(), stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    return {
      RUSTUP_TOOLCHAIN: /^\S+/.exec(ask(['show', 'active-toolchain']) || ask(['toolchain', 'list']))![0],
    };
  } catch {
    return {}; // a distribution's rustc without rustup heeds no toolchain file
  }
}

async function rustEnv(scratch: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  await step('influx: pkg-config wrapper', () => goInstall(PKG_CONFIG, bin, scratch));
  const wrapper = join(bin, 'rustc-cap-lints');
  writeFileSync(wrapper, RUSTC_WRAPPER);
  chmodSync(wrapper, 0o755);
  return {
    ...rustToolchain(),
    RUSTC_WRAPPER: wrapper,
    PKG_CONFIG: join(bin, 'pkg-config'),
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
    CGO_ENABLED: '1',
  };
}

async function build(version: InfluxVersion, dir: string, scratch: string): Promise<void> {
  const module = { path: MODULE, version: `v${version}` };
  await step('influx: source by Go modules', () => writeGoModule(scratch, module));
  writeFileSync(join(scratch, 'tools.go'), TOOLS_GO);
  const env = await rustEnv(scratch);
  const tags = 'sqlite_foreign_keys sqlite_json';
  const output = join(dir, 'influxd');
  const set = [`main.version=v${version}`];
  await step('influx: dependencies and build, some 5 minutes', () =>
    goBuild({ dir: scratch, target: `${MODULE}/cmd/influxd`, output, tags, set, env }),
  );
}

export const influxRecipe = (version: InfluxVersion): Recipe => ({
  name: 'influx',
  version,
  builtWith: ['go', 'gcc', 'rustc', 'cargo', 'clang', 'pkg-config'],
  runsWith: ['openssl'],
  build: (dir, scratch) => build(version, dir, scratch),
});
