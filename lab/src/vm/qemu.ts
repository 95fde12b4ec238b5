import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { tool, TOOL_PATH } from './tools.js';

/** The virtual machine of one run. */
export interface Machine {
  vmlinux: string;
  initramfs: string;
  disk: string;
  memoryMb: number;
  cpus: number;
  /** Kernel log level of the console; 8 shows everything. */
  logLevel: number;
  /** More kernel parameters. */
  append: string;
}

/** QEMU under way, with the host's end of each of the guest's ports. */
export interface Qemu {
  process: ChildProcess;
  /** The kernel's console and QEMU's own complaints. */
  console: Readable[];
  stdout: Readable;
  stderr: Readable;
  status: Readable;
}

/** Names of the guest's ports; a port's place here plus 3 is its file descriptor in QEMU. */
const PORTS = ['stdout', 'stderr', 'status'] as const;

export function startQemu(machine: Machine): Qemu {
  // setpriv: QEMU must not outlive us, whatever ends us.
  const args = ['--pdeathsig', 'KILL', tool('qemu-system-x86_64'), ...argumentsOf(machine)];
  const child = spawn(tool('setpriv'), args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH: TOOL_PATH },
    detached: true, // Ctrl-C is for us to handle, in order.
  });
  const [, output, complaints, stdout, stderr, status] = child.stdio as unknown as Readable[];
  return {
    process: child,
    console: [output!, complaints!],
    stdout: stdout!,
    stderr: stderr!,
    status: status!,
  };
}

function argumentsOf(machine: Machine): string[] {
  const { vmlinux, initramfs, disk, memoryMb, cpus } = machine;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max'],
    ...['-m', String(memoryMb), '-smp', String(cpus)],
    ...['-kernel', vmlinux, '-initrd', initramfs, '-append', commandLine(machine)],
    ...['-serial', 'stdio'],
    ...['-drive', `file=${disk.replaceAll(',', ',,')},format=raw,if=virtio,cache=unsafe`],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ...['-device', 'virtio-serial-pci'],
    ...PORTS.flatMap(port),
  ];
}

function port(name: string, index: number): string[] {
  const chardev = `socket,id=${name},fd=${index + 3}`;
  return ['-chardev', chardev, '-device', `virtserialport,chardev=${name},name=${name}`];
}

/**
 * panic=-1 with -no-reboot ends QEMU at a panic; an oops is one too, lest a broken guest wait for the time limit.
 * no_timer_check: on a host short of processors the check finds no ticks and panics.
 * tsc=reliable: the emulated counters are one and the same, but the kernel guesses otherwise and reads the slow HPET.
 * init_on_alloc=0: Debian's kernels clear what they allocate, which is dear under emulation.
 */
const PARAMETERS =
  'console=ttyS0 panic=-1 oops=panic no_timer_check tsc=reliable mitigations=off init_on_alloc=0';

function commandLine({ logLevel, append }: Machine): string {
  return `${PARAMETERS} loglevel=${logLevel} ${append}`;
}
