import { parseCgroupPath } from '@dentryscope/identity';
import { expect, test } from 'vitest';

const uid = '2c48913c-b29f-11e7-9350-020968147796';
const under = uid.replaceAll('-', '_');
const hash = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const id = '3f4a'.repeat(16);
const other = '0b1c'.repeat(16);
const pod = { podUid: uid };

const table: [string, string, ReturnType<typeof parseCgroupPath>][] = [
  [
    'systemd driver, containerd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${under}.slice/cri-containerd-${id}.scope`,
    { ...pod, containerId: id, runtime: 'containerd' },
  ],
  [
    'systemd driver, guaranteed',
    `/kubepods.slice/kubepods-pod${under}.slice/cri-containerd-${id}.scope`,
    { ...pod, containerId: id, runtime: 'containerd' },
  ],
  [
    'systemd driver, CRI-O',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${under}.slice/crio-${id}.scope`,
    { ...pod, containerId: id, runtime: 'cri-o' },
  ],
  [
    'CRI-O with crun puts the tasks one deeper',
    `/kubepods.slice/kubepods-pod${under}.slice/crio-${id}.scope/container`,
    { ...pod, containerId: id, runtime: 'cri-o' },
  ],
  [
    "CRI-O's monitor is not the container",
    `/kubepods.slice/kubepods-pod${under}.slice/crio-conmon-${id}.scope`,
    { ...pod, unit: `crio-conmon-${id}.scope` },
  ],
  [
    'systemd driver, Docker',
    `/kubepods.slice/kubepods-pod${under}.slice/docker-${id}.scope`,
    { ...pod, containerId: id, runtime: 'docker' },
  ],
  ['the pod itself', `/kubepods.slice/kubepods-pod${under}.slice`, pod],
  ['upper case uid', `/kubepods/burstable/pod${uid.toUpperCase()}/${id}`, { ...pod, containerId: id }],
  [
    'a quality-of-service slice',
    '/kubepods.slice/kubepods-burstable.slice',
    { unit: 'kubepods-burstable.slice' },
  ],
  ['cgroupfs driver', `/kubepods/burstable/pod${uid}/${id}`, { ...pod, containerId: id }],
  ['cgroupfs driver, guaranteed', `/kubepods/pod${uid}/${id}`, { ...pod, containerId: id }],
  ['cgroupfs driver, the pod itself', `/kubepods/besteffort/pod${uid}`, pod],
  [
    'containerd with the other driver than the kubelet',
    `/system.slice/containerd.service/kubepods-burstable-pod${under}.slice:cri-containerd:${id}`,
    { ...pod, containerId: id, runtime: 'containerd' },
  ],
  [
    'the same at the root',
    `/kubepods-besteffort-pod${under}.slice:cri-containerd:${id}`,
    { ...pod, containerId: id, runtime: 'containerd' },
  ],
  [
    'systemd path under runc cgroupfs, Docker',
    `/system.slice:docker:${id}`,
    { containerId: id, runtime: 'docker' },
  ],
  [
    'static pod, systemd driver',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${hash}.slice/cri-containerd-${id}.scope`,
    { podUid: hash, containerId: id, runtime: 'containerd' },
  ],
  ['static pod, cgroupfs driver', `/kubepods/burstable/pod${hash}/${id}`, { podUid: hash, containerId: id }],
  ['k3s', `/kubepods/burstable/pod${uid}/${id}`, { ...pod, containerId: id }],
  [
    'k3s below its service',
    `/system.slice/k3s.service/kubepods/burstable/pod${uid}/${id}`,
    { ...pod, containerId: id },
  ],
  ['k3s itself', '/system.slice/k3s.service', { unit: 'k3s.service' }],
  ['Docker, cgroupfs', `/docker/${id}`, { containerId: id, runtime: 'docker' }],
  ['Docker, systemd', `/system.slice/docker-${id}.scope`, { containerId: id, runtime: 'docker' }],
  ['a short id below docker', '/docker/3f4a3f4a3f4a', { containerId: '3f4a3f4a3f4a', runtime: 'docker' }],
  [
    'systemd within Docker',
    `/system.slice/docker-${id}.scope/system.slice/nginx.service`,
    { containerId: id, runtime: 'docker', unit: 'nginx.service' },
  ],
  ['Podman', `/machine.slice/libpod-${id}.scope`, { containerId: id, runtime: 'podman' }],
  [
    'Podman, rootless',
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`,
    { containerId: id, runtime: 'podman' },
  ],
  ['Podman, cgroupfs', `/libpod_parent/libpod-${id}`, { containerId: id, runtime: 'podman' }],
  [
    "Podman's pod",
    `/machine.slice/machine-libpod_pod_${other}.slice/libpod-${id}.scope`,
    { containerId: id, runtime: 'podman' },
  ],
  ["Podman's monitor", `/machine.slice/libpod-conmon-${id}.scope`, { unit: `libpod-conmon-${id}.scope` }],
  ['nerdctl', `/system.slice/nerdctl-${id}.scope`, { containerId: id, runtime: 'containerd' }],
  ['ECS', `/ecs/${hash}/${id}`, { containerId: id }],
  [
    'kind: a pod in a node that is a container',
    `/docker/${other}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${under}.slice/cri-containerd-${id}.scope`,
    { ...pod, containerId: id, runtime: 'containerd' },
  ],
  ['minikube: a pod without its container', `/docker/${other}/kubepods/burstable/pod${uid}`, pod],
  ['k3d', `/docker/${other}/kubepods/pod${uid}/${id}`, { ...pod, containerId: id }],
  [
    'Docker within a pod',
    `/kubepods/pod${uid}/${other}/docker/${id}`,
    { ...pod, containerId: id, runtime: 'docker' },
  ],
  [
    'kind within a pod',
    `/kubepods/pod3c48913c-b29f-11e7-9350-020968147796/${other}/docker/${other}/kubepods/pod${uid}/${id}`,
    { ...pod, containerId: id },
  ],
  ['systemd service', '/system.slice/postgresql.service', { unit: 'postgresql.service' }],
  [
    'templated service',
    '/system.slice/system-getty.slice/getty@tty1.service',
    { unit: 'getty@tty1.service' },
  ],
  ['session', '/user.slice/user-0.slice/session-3.scope', { unit: 'session-3.scope' }],
  ['init', '/init.scope', { unit: 'init.scope' }],
  ['a group of its own below a service', '/system.slice/ssh.service/payload', { unit: 'ssh.service' }],
  ['the root', '/', {}],
  ['nothing', '', {}],
  ['no path', 'garbage', {}],
  ['a hash that is no container', `/process_api/${hash}`, {}],
  ['pod without a uid', '/kubepods/burstable/podman', {}],
  ['pod with a broken uid', `/kubepods/pod${uid.slice(1)}`, {}],
  ['mixed separators', '/kubepods/pod2c48913c_b29f-11e7-9350-020968147796', {}],
  ['short hexadecimal names', '/a/deadbeefcafe', {}],
  ['prefix without an id', '/docker-.scope/x', { unit: 'docker-.scope' }],
  ['65 digits', `/docker/${id}0`, {}],
  ['control characters', '/\u0000\n/\u{1F600}', {}],
];

test.each(table)('%s', (_, path, owner) => {
  expect(parseCgroupPath(path)).toEqual(owner);
});

test('any bytes: no throw, and time linear in the length', () => {
  const started = performance.now();
  for (const piece of ['/pod', 'a', ':', '-', '/cri-containerd-', `pod${under}-`])
    parseCgroupPath(piece.repeat(4096));
  expect(performance.now() - started).toBeLessThan(1000);
});
