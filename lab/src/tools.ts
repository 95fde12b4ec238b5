import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Tool → how a Debian machine gets it. */
const WAY_OUT = {
  go: 'install Go 1.25 or newer from https://go.dev/dl',
  rustc: 'install a Rust toolchain with https://rustup.rs',
  cargo: 'install a Rust toolchain with https://rustup.rs',
  gcc: 'apt-get install gcc libc6-dev',
  clang: 'apt-get install clang',
  'pkg-config': 'apt-get install pkg-config',
  mvn: 'apt-get install maven',
  java: 'apt-get install openjdk-17-jre-headless',
  etcd: 'apt-get install etcd-server',
  flock: 'apt-get install util-linux',
  openssl: 'apt-get install openssl',
} as const;

export type Tool = keyof typeof WAY_OUT;

const OLDEST_GO_MINOR = 25;

function isOnPath(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Debian 12's own Go is 1.19; one of 1.21 or newer fetches what a go.mod asks for, unless told not to. */
function goTooOld(): string | undefined {
  const ask = (name: string) => execFileSync('go', ['env', name], { encoding: 'utf8' }).trim();
  const version = ask('GOVERSION');
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? OLDEST_GO_MINOR);
  const fetches = minor >= 21 && ask('GOTOOLCHAIN') !== 'local';
  return minor >= OLDEST_GO_MINOR || fetches ? undefined : `go is ${version}: ${WAY_OUT.go}`;
}

/** One line a tool that is missing or too old here; none if all are there. */
export function missingTools(tools: readonly Tool[]): string[] {
  return tools.flatMap((tool) => {
    if (!isOnPath(tool)) return [`${tool} is not on the PATH: ${WAY_OUT[tool]}`];
    const old = tool === 'go' ? goTooOld() : undefined;
    return old ? [old] : [];
  });
}
