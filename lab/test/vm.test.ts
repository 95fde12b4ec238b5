import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { asKernelVersion, KERNELS, requirePart, runInGuest, type GuestOutput } from '@dentryscope/lab';
import { beforeAll, describe, expect, it } from 'vitest';
import { UntilToken } from '../dist/vm/output.js';

const lacking = requirePart('vm');
const guests = describe.skipIf(lacking !== undefined);
const because = lacking === undefined ? '' : ` (skipped: ${lacking})`;
/** A boot takes 6 s on an idle machine, several times that beside other tests; the first one downloads a kernel. */
const LONG_MS = 300_000;
const VM = fileURLToPath(new URL('../../scripts/vm.mjs', import.meta.url));

/** One guest a kernel answers all: a boot is the dear part. Every probe prints one line `name=value`. */
const PROBES = `
say() { printf '%s=%s\\n' "$1" "$2"; }
say release "$(uname -r)"
say data "$(stat -f -c %T /data)"
say cgroup "$(stat -f -c %T /sys/fs/cgroup)"
say controllers "$(cat /sys/fs/cgroup/cgroup.controllers)"
say enabled "$(cat /sys/fs/cgroup/cgroup.subtree_control)"
say node "$(node -e 'console.log(6 * 7)')"
say dentryscope "$(command -v dentryscope)"
say btf "$(test -s /sys/kernel/btf/vmlinux && echo yes)"
say ftrace "$(grep -cx __d_alloc /sys/kernel/tracing/available_filter_functions)"
say tracepoint "$(test -d /sys/kernel/tracing/events/kmem/kmem_cache_alloc && echo yes)"
echo 'p:lab/alloc __d_alloc' > /sys/kernel/tracing/kprobe_events
echo 1 > /sys/kernel/tracing/events/lab/alloc/enable && say kprobe yes
say psi "$(head -c 4 /proc/pressure/memory)"
say cwd "$(pwd)"
say lo "$(cat /sys/class/net/lo/flags)"
touch /etc/written-by-guest && say writable yes
modprobe loop && say loop "$(ls /dev/loop0)"
sh -c 'sleep 1000' &
echo "to stderr" >&2
exit 7
`;

guests.each(KERNELS)(`guest with kernel %s${because}`, (kernel) => {
  let output: GuestOutput;
  let probes: Record<string, string>;

  beforeAll(async () => {
    output = await runInGuest(kernel, PROBES);
    probes = Object.fromEntries(output.stdout.split('\n').map((line) => line.split('=', 2)));
  }, LONG_MS);

  it('runs that kernel', () => {
    expect(probes['release']?.startsWith(`${kernel}.`)).toBe(true);
  });

  it('has the empty ext4 disk, the host’s programs, and a root that can be written', () => {
    expect(probes).toMatchObject({ data: 'ext2/ext3', node: '42', writable: 'yes', cwd: process.cwd() });
    expect(probes).toMatchObject({
      loop: '/dev/loop0',
      lo: '0x9',
      dentryscope: '/usr/local/bin/dentryscope',
    });
  });

  it('has cgroup v2 with its controllers enabled', () => {
    expect(probes['cgroup']).toBe('cgroup2fs');
    expect(probes['controllers']?.split(' ')).toEqual(
      expect.arrayContaining(['cpu', 'cpuset', 'memory', 'io']),
    );
    expect(probes['enabled']).toBe(probes['controllers']);
  });

  it('offers BTF, fentry, kprobes, tracepoints and PSI', () => {
    expect(probes).toMatchObject({ btf: 'yes', ftrace: '1', kprobe: 'yes', tracepoint: 'yes', psi: 'some' });
  });

  it('keeps standard error apart, passes the exit status on, and waits for no background process', () => {
    expect(output).toMatchObject({ stderr: 'to stderr\n', status: 7, timedOut: false });
  });
});

guests(`guest${because}`, () => {
  it(
    'loses and changes no byte of either stream',
    async () => {
      const script = `#!${process.execPath}
        const fs = require('node:fs');
        const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 7 + (i >> 8)) & 255));
        const all = (fd, data) => { for (let at = 0; at < data.length; ) at += fs.writeSync(fd, data, at); };
        for (let i = 0; i < 64; i++) { all(1, block); all(2, block.subarray(0, 1000 + i)); }`;
      const { status, stdoutBytes, stderrBytes } = await runInGuest('6.1', Buffer.from(script));
      const block = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 7 + (i >> 8)) & 255));
      const sha = (data: Buffer) => createHash('sha256').update(data).digest('hex');
      expect(status).toBe(0);
      expect(sha(stdoutBytes)).toBe(sha(Buffer.concat(Array(64).fill(block))));
      const parts = Array.from({ length: 64 }, (_, i) => block.subarray(0, 1000 + i));
      expect(sha(stderrBytes)).toBe(sha(Buffer.concat(parts)));
    },
    LONG_MS,
  );

  it(
    'is ended by the time limit',
    async () => {
      const output = await runInGuest('6.1', 'sleep 1000', { timeoutMs: 3000, append: 'ignore_loglevel' });
      expect(output).toMatchObject({ status: 124, timedOut: true });
      expect(output.stderr).toMatch(
        /^the guest was ended after 3 s; the end of its console:\n.*\[ +\d+\.\d+\] /s,
      );
    },
    LONG_MS,
  );

  it(
    'that dies as the emulator makes them die is run anew, three times at most',
    async () => {
      const script = 'echo "<0>Oops: int3" > /dev/kmsg; echo c > /proc/sysrq-trigger';
      await expect(runInGuest('6.1', script)).rejects.toMatchObject({ name: 'EmulatorError' });
    },
    LONG_MS,
  );

  it(
    'that panics is an error with the end of its console',
    async () => {
      const panic = runInGuest('6.1', 'echo c > /proc/sysrq-trigger');
      await expect(panic).rejects.toThrow(/while its script ran[^]*Kernel panic/);
    },
    LONG_MS,
  );

  it.each([
    ['v1', 'tmpfs', '/sys/fs/cgroup/memory cgroupfs'],
    ['hybrid', 'tmpfs', '/sys/fs/cgroup/unified cgroup2fs'],
  ] as const)(
    'can have the cgroup layout %s',
    async (cgroup, root, mount) => {
      const script = 'cd /sys/fs/cgroup; stat -f -c %T .; stat -f -c "%n %T" /sys/fs/cgroup/*';
      const { stdout } = await runInGuest('6.1', script, { cgroup });
      expect(stdout.split('\n')[0]).toBe(root);
      expect(stdout.split('\n')).toContain(mount);
    },
    LONG_MS,
  );

  it(
    'is ended by Ctrl-C, with nothing left behind',
    async () => {
      const child = spawn(process.execPath, [VM, '6.1', 'echo begun; sleep 1000']);
      await once(child.stdout, 'data');
      const [qemu] = childrenOf(child.pid!);
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([130, null]);
      expect(qemu).toBeDefined();
      expect(() => process.kill(qemu!, 0)).toThrow('ESRCH');
    },
    LONG_MS,
  );
});

guests(`the output of a guest${because}`, () => {
  it(
    'may be cut off by its reader, which ends the guest',
    async () => {
      const child = spawn(process.execPath, [VM, '6.1', 'yes']);
      await once(child.stdout, 'data');
      child.stdout.destroy();
      expect(await once(child, 'close')).toEqual([141, null]);
    },
    LONG_MS,
  );
});

describe('npm run vm', () => {
  it.each([
    [['6.2', 'true'], /unknown kernel "6.2": choose one of 5.10, 6.1, 6.12/],
    [['6.1'], /KERNEL and SCRIPT are needed/],
    [['--cgroup', 'v3', '6.1', 'true'], /--cgroup must be v1, v2 or hybrid, not v3/],
    [['--cpus', '0', '6.1', 'true'], /--cpus must be a whole number above 0, not 0/],
    [['--nonsense', '6.1', 'true'], /--nonsense/],
  ])('%j is refused with status 2', async (args, message) => {
    const { status, stdout, stderr } = await vm(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('--help answers', async () => {
    const { status, stdout } = await vm(['--help']);
    expect(status).toBe(0);
    expect(stdout).toContain('5.10, 6.1, 6.12');
  });

  it('an unknown kernel is refused by the library too', async () => {
    expect(() => asKernelVersion('toString')).toThrow(RangeError);
    await expect(runInGuest('4.19', 'true')).rejects.toThrow('choose one of 5.10, 6.1, 6.12');
  });
});

describe('the end token', () => {
  const token = Buffer.from('TOKEN');

  it.each([[['abTOKEN']], [['abTO', 'KEN']], [['a', 'bT', 'O', 'K', 'E', 'N']]])(
    'is taken off %j',
    async (chunks) => {
      expect(await pass(chunks)).toEqual(['ab', true]);
    },
  );

  it.each([[['abTOKE']], [['abTO', 'KE']], [['TOKETO']], [['', 'T']]])(
    'is not mistaken in %j',
    async (chunks) => {
      expect(await pass(chunks)).toEqual([chunks.join(''), false]);
    },
  );

  async function pass(chunks: string[]): Promise<[string, boolean]> {
    const until = new UntilToken(token);
    const seen = text(until);
    for (const chunk of chunks) until.write(chunk);
    until.end();
    return [await seen, until.complete];
  }
});

async function vm(args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [VM, ...args]);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: (await closed)[0] as number | null, stdout, stderr };
}

function childrenOf(pid: number): number[] {
  const isChild = (name: string) => {
    try {
      return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(pid);
    } catch {
      return false; // It ended while we looked.
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}
