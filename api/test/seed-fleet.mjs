/** A fleet for pictures: 50 nodes with a culprit, written to a store as an ingester would. The same every time. */
import { createBatch } from '@dentryscope/contracts';
import { mulberry32 } from '../../scripts/lib/random.mjs';

export const WINDOW_MS = 10_000;
const GIB = 2n ** 30n;
/** One dentry in so many is sampled. */
const SAMPLED = 16_384;

const workloads = [
  { namespace: 'shop', workload: 'Deployment/checkout', container: 'app', rate: 900 },
  { namespace: 'shop', workload: 'Deployment/catalog', container: 'app', rate: 400 },
  { namespace: 'data', workload: 'StatefulSet/postgres', container: 'postgres', rate: 2_300 },
  { namespace: 'data', workload: 'StatefulSet/clickhouse', container: 'server', rate: 5_200 },
  { namespace: 'observability', workload: 'DaemonSet/log-shipper', container: 'vector', rate: 1_500 },
  { namespace: 'ci', workload: 'Job/build-monorepo', container: 'runner', rate: 8_800 },
];
const culprit = { namespace: 'search', workload: 'Job/nightly-index', container: 'indexer', rate: 68_000 };

const nodeNames = [
  ...Array.from({ length: 12 }, (_, i) => `db-${String(i + 1).padStart(2, '0')}`),
  ...Array.from({ length: 26 }, (_, i) => `web-${String(i + 1).padStart(2, '0')}`),
  ...Array.from({ length: 12 }, (_, i) => `batch-${String(i + 1).padStart(2, '0')}`),
];

function podOf(job, node, index, rand) {
  const id = Math.floor(rand() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  const name = job.workload.split('/')[1];
  return {
    ...job,
    id: BigInt(1000 + index),
    podUid: `${id}-1111-4222-8333-444455556666`,
    containerId: id.repeat(8),
    pod: `${name}-${id.slice(0, 5)}`,
    node,
  };
}

function health(index) {
  const hook = { includesPseudo: false, perCgroup: true, missed: 0n };
  const hooks = (backend, reason = '') => [
    { ...hook, hook: 'dentry_alloc', backend, reason },
    { ...hook, hook: 'dentry_free', backend, reason },
  ];
  if (index % 17 === 5)
    return {
      kernelRelease: '5.10.0-28-amd64',
      hooks: hooks('tracepoint', 'kprobe on __d_alloc: Operation not permitted').map((h) => ({
        ...h,
        includesPseudo: true,
      })),
      degraded: ['Pipes and sockets are counted with the names: kprobes are refused by this kernel.'],
    };
  if (index % 11 === 3)
    return {
      kernelRelease: '5.10.0-28-amd64',
      hooks: hooks('kprobe', 'no BTF in this kernel'),
      degraded: [],
    };
  return { kernelRelease: '6.12.9-cloud-amd64', hooks: hooks('fentry'), degraded: [] };
}

/** Who makes most does not hold most: a database keeps what it made, a build frees it. */
function holdsOf(dentries, node, workload) {
  if (workload === culprit.workload) return 371_000_000;
  const rest = node === 'batch-07' ? dentries - 412_000_000 : dentries;
  const share = { 'StatefulSet/postgres': 0.55, 'StatefulSet/clickhouse': 0.2, 'Job/build-monorepo': 0.01 };
  return Math.round(rest * (share[workload] ?? 0.15));
}

function nodeOf(name, index, rand) {
  const large = name.startsWith('db') || name.startsWith('batch');
  const jobs = large
    ? [workloads[2], workloads[3], workloads[4], workloads[5]]
    : [workloads[0], workloads[1], workloads[4]];
  const pods = jobs.map((job, n) => podOf(job, name, n, rand));
  if (name === 'batch-07') pods.push(podOf(culprit, name, 20, rand));
  const dentries = (large ? 60e6 : 4e6) * (0.4 + rand()) + (name === 'batch-07' ? 412_000_000 : 0);
  const memory = large ? 768n * GIB : 128n * GIB;
  return {
    name,
    pods,
    dentries,
    memory,
    health: health(index),
    boot: `${name}-boot`,
    negative: name === 'batch-07' ? 81 : Math.round(8 + 30 * rand()),
    seq: 0n,
    old: index % 13 === 6,
    held: pods.map(({ workload }) => holdsOf(dentries, name, workload)),
  };
}

/** @returns the fleet, to be moved on window by window */
export function makeFleet(seed = 7) {
  const rand = mulberry32(seed);
  const nodes = nodeNames.map((name, index) => nodeOf(name, index, rand));
  return { rand, nodes };
}

export const namesOf = ({ nodes }) =>
  nodes.flatMap(({ pods }) =>
    pods.map(({ podUid, containerId, namespace, pod, container, workload }) => ({
      podUid,
      containerId,
      namespace,
      pod,
      container,
      workload,
    })),
  );

const infosOf = (node) => [
  ...node.pods.map(({ id, podUid, containerId }) => ({
    id,
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podUid.replaceAll('-', '_')}.slice/cri-containerd-${containerId}.scope`,
    hierarchy: 'v2',
    podUid,
    containerId,
  })),
  { id: 11n, path: '/system.slice/containerd.service', hierarchy: 'v2' },
  { id: 12n, path: '/system.slice/kubelet.service', hierarchy: 'v2' },
];

function stateOf(node, allocated, freed) {
  const total = BigInt(Math.round(node.dentries));
  const slab = total * 192n + 3n * GIB;
  return {
    nrDentry: total,
    nrUnused: (total * 93n) / 100n,
    ...(node.old ? {} : { nrNegative: (total * BigInt(node.negative)) / 100n }),
    memTotalBytes: node.memory,
    memAvailableBytes: node.memory - slab - 40n * GIB,
    slabReclaimableBytes: slab,
    dentriesAllocated: allocated,
    dentriesFreed: freed,
    slabCaches: [
      { name: 'dentry', activeObjects: total, totalObjects: (total * 101n) / 100n, objectBytes: 192n },
      { name: 'ext4_inode_cache', activeObjects: total / 31n, totalObjects: total / 30n, objectBytes: 1176n },
      { name: 'xfs_inode', activeObjects: total / 57n, totalObjects: total / 55n, objectBytes: 1024n },
    ],
  };
}

/** One window of one node; its dentries grow by what was allocated and not freed. */
function batchOf(node, startMs, rand) {
  const wave = 1 + 0.35 * Math.sin(startMs / 240_000 + node.name.length);
  const ids = [...node.pods.map(({ id }) => id), 11n, 12n];
  const rates = [...node.pods.map(({ rate }) => rate), 120, 45];
  const counts = rates.map((rate) => BigInt(Math.round(rate * 10 * wave * (0.7 + 0.6 * rand()))));
  const allocated = counts.reduce((sum, value) => sum + value, 0n);
  const freed = (allocated * (node.name === 'batch-07' ? 30n : BigInt(96 + Math.round(rand() * 7)))) / 100n;
  node.dentries += Number(allocated - freed);
  const kept = Math.max(0, Number(allocated - freed));
  node.held[node.held.length - 1] += node.name === 'batch-07' ? kept : 0;
  const held = [...node.held, 40_000, 9_000].map((dentries) => BigInt(Math.round(dentries / SAMPLED)));
  node.seq += 1n;
  return createBatch({
    cluster: 'prod-eu',
    node: node.name,
    bootId: node.boot,
    seq: node.seq,
    windowStartMs: BigInt(startMs),
    windowEndMs: BigInt(startMs + WINDOW_MS),
    windowDurationNs: BigInt(WINDOW_MS) * 1_000_000n,
    state: stateOf(node, allocated, freed),
    cgroups: {
      ids,
      dentriesAllocated: counts,
      dentriesFreed: counts.map((count) => (count * freed) / allocated),
      liveDentriesEstimate: held.map((samples) => samples * BigInt(SAMPLED)),
      liveDentriesStandardError: held.map((samples) =>
        BigInt(Math.ceil(SAMPLED * Math.sqrt(Number(samples)))),
      ),
    },
    cgroupInfos: node.seq === 1n ? infosOf(node) : [],
    health: { agentVersion: '0.1.0', windowsLost: 0n, ...node.health },
  });
}

/** Windows of every node that start in [fromMs, toMs); web-19 has fallen silent two minutes before the end. */
export async function writeWindows({ nodes, rand }, writer, fromMs, toMs) {
  for (let startMs = fromMs; startMs < toMs; startMs += WINDOW_MS) {
    const speaking = nodes.filter(({ name }) => name !== 'web-19' || startMs < toMs - 120_000);
    await writer.write(speaking.map((node) => batchOf(node, startMs, rand)));
  }
}
