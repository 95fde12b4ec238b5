/** What has to be on the machine: Debian packages (as root; otherwise told), and the npm packages of the lock file. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError, root, run, step } from './steps.mjs';

/** Each with what it is for: that is what somebody without root wants to know. */
const packages = {
  demo: {
    clang: 'compiles the eBPF programs',
    make: 'compiles the eBPF programs',
    'libbpf-dev': 'loads the eBPF programs',
    'libelf-dev': 'loads the eBPF programs',
    'zlib1g-dev': 'loads the eBPF programs',
    'libisal-dev': 'compresses what is written to InfluxDB',
    'pkg-config': 'finds libbpf and libisal',
    'g++': 'compiles the Node addon',
    python3: 'node-gyp runs on it',
  },
  test: {
    'clang-format': 'format of C',
    'protobuf-compiler': 'generates the wire types',
    'libc6-dev': 'builds the real parts',
    gcc: 'builds the real parts and the test workloads',
    maven: 'gets the real Kafka',
    'openjdk-17-jre-headless': 'runs the real Kafka',
    bpftool: 'cross-checks the eBPF programs',
    'qemu-system-x86': 'guest kernels',
    cpio: 'guest kernels',
    'busybox-static': 'guest kernels',
    kmod: 'guest kernels',
    e2fsprogs: 'guest kernels',
    'xz-utils': 'guest kernels',
    zstd: 'guest kernels',
    'debian-archive-keyring': 'guest kernels',
    'etcd-server': 'the real kube-apiserver',
    chromium: 'the page, tested in a browser',
    'fonts-dejavu-core': 'the page, tested in a browser',
    libcap2: 'tests of refused privileges',
    'util-linux': 'tests of refused privileges',
    procps: 'tests',
  },
};

export const wanted = (purpose) => ({ ...packages.demo, ...(purpose === 'test' ? packages.test : {}) });

function missingPackages(purpose) {
  const names = Object.keys(wanted(purpose));
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

function tellMissing(missing, purpose) {
  const why = missing.map((name) => `    ${name}: ${wanted(purpose)[name]}`).join('\n');
  process.stderr.write(
    `! These Debian packages are missing, and only root can install them:\n${why}\n` +
      `  sudo apt-get install ${missing.join(' ')}\n  Going on with what works without them.\n`,
  );
}

export async function systemPackages(purpose) {
  if (!existsSync('/usr/bin/apt-get')) {
    process.stderr.write(
      `! No apt-get here. Needed, by Debian's names: ${Object.keys(wanted(purpose)).join(' ')}\n`,
    );
    return;
  }
  const missing = missingPackages(purpose);
  if (missing.length === 0) return;
  if (process.getuid() !== 0) return tellMissing(missing, purpose);
  await step(`Debian packages: ${missing.join(' ')}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  });
}

export async function npmPackages() {
  const stamp = join(root, 'node_modules', '.dentryscope-lock');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await step('npm packages', async () => {
    await run('npm', ['ci', '--no-fund', '--no-audit', '--prefer-offline']);
    writeFileSync(stamp, hash);
  });
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 15))
    throw new StepError(`Node ${process.versions.node} is too old: 20.15 or later is needed`);
}
