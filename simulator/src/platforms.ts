/** Kernels and container runtimes of the fleet, and which hook each of them takes. */

export interface Platform {
  readonly kernelRelease: string;
  readonly backend: 'fentry' | 'kprobe' | 'tracepoint';
  /** Why no better backend attached. */
  readonly reason: string;
  /** systemd's slices or kubelet's own folders; v1 is the `memory` hierarchy. */
  readonly cgroups: 'v2-systemd' | 'v2-cgroupfs' | 'v1-cgroupfs';
  readonly runtime: 'cri-containerd' | 'crio';
}

export const platforms: readonly Platform[] = [
  {
    kernelRelease: '6.1.0-37-amd64',
    backend: 'fentry',
    reason: '',
    cgroups: 'v2-systemd',
    runtime: 'cri-containerd',
  },
  {
    kernelRelease: '6.12.41+deb13-amd64',
    backend: 'fentry',
    reason: '',
    cgroups: 'v2-systemd',
    runtime: 'crio',
  },
  {
    kernelRelease: '5.15.0-1071-aws',
    backend: 'kprobe',
    reason: 'fentry: ENOTSUPP; arm64 has no BPF trampolines before Linux 6.0',
    cgroups: 'v2-systemd',
    runtime: 'cri-containerd',
  },
  {
    kernelRelease: '5.10.223-custom',
    backend: 'kprobe',
    reason: 'fentry: ENOENT; the kernel is built without DYNAMIC_FTRACE',
    cgroups: 'v1-cgroupfs',
    runtime: 'cri-containerd',
  },
  {
    kernelRelease: '6.18.44-microvm',
    backend: 'tracepoint',
    reason: 'fentry and kprobe: the kernel is built without FUNCTION_TRACER and KPROBES',
    cgroups: 'v2-cgroupfs',
    runtime: 'cri-containerd',
  },
];
