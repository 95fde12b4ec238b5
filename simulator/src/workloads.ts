/** What runs on the nodes: pods by role, each with its life and its use of the dentry cache. */

export type Role = 'db' | 'batch' | 'web' | 'quiet';
/** How load moves: over the day, in bursts of minutes, or hardly. */
export type Wave = 'day' | 'bursts' | 'flat';

/** How a container uses the dentry cache, at the mean of its wave. */
export interface Load {
  readonly wave: Wave;
  /** Dentries made and freed again within a window, a second. */
  readonly churnPerSecond: number;
  /** Dentries it keeps in the cache; it breathes with the wave. */
  readonly held: number;
  /** Dentries kept on top of that, more each second; all are taken back at `reclaimAt`. */
  readonly growthPerSecond?: number;
  readonly reclaimAt?: number;
  /** Of those it keeps, the part whose name does not exist. */
  readonly negativeShare: number;
}

export interface ContainerPlan {
  readonly name: string;
  readonly load: Load;
}

export interface Workload {
  readonly namespace: string;
  readonly kind: 'StatefulSet' | 'Deployment' | 'DaemonSet' | 'Job';
  readonly name: string;
  /** Seconds a pod lives, least and most; without it pods stay. */
  readonly lifeSeconds?: readonly [number, number];
  readonly containers: readonly ContainerPlan[];
}

const load = (
  wave: Wave,
  churnPerSecond: number,
  held: number,
  negativeShare: number,
  more: Pick<Load, 'growthPerSecond' | 'reclaimAt'> = {},
): Load => ({ wave, churnPerSecond, held, negativeShare, ...more });

const exporter: ContainerPlan = { name: 'exporter', load: load('flat', 2, 400, 0.1) };
const proxy: ContainerPlan = { name: 'proxy', load: load('day', 8, 900, 0.2) };

/** A database makes and unlinks temporary tables: their names stay behind as negative dentries. */
const mysql: Workload = {
  namespace: 'shop',
  kind: 'StatefulSet',
  name: 'mysql',
  containers: [{ name: 'mysqld', load: load('day', 900, 2_500_000, 0.93) }, exporter],
};
const postgres: Workload = {
  namespace: 'billing',
  kind: 'StatefulSet',
  name: 'postgres',
  containers: [{ name: 'postgres', load: load('day', 350, 600_000, 0.8) }, exporter],
};
const etl: Workload = {
  namespace: 'analytics',
  kind: 'Job',
  name: 'nightly-etl',
  lifeSeconds: [60, 420],
  containers: [{ name: 'etl', load: load('bursts', 1500, 180_000, 0.35) }],
};
const builder: Workload = {
  namespace: 'ci',
  kind: 'Job',
  name: 'build',
  lifeSeconds: [40, 240],
  containers: [{ name: 'runner', load: load('bursts', 2200, 260_000, 0.6) }],
};
const frontend: Workload = {
  namespace: 'shop',
  kind: 'Deployment',
  name: 'frontend',
  lifeSeconds: [600, 5400],
  containers: [{ name: 'nginx', load: load('day', 60, 8_000, 0.4) }, proxy],
};
const cart: Workload = {
  namespace: 'shop',
  kind: 'Deployment',
  name: 'cart',
  lifeSeconds: [900, 7200],
  containers: [{ name: 'cart', load: load('day', 45, 6_000, 0.5) }, proxy],
};
const idle: Workload = {
  namespace: 'tools',
  kind: 'Deployment',
  name: 'wiki',
  containers: [{ name: 'wiki', load: load('flat', 0.3, 700, 0.2) }],
};
const cron: Workload = {
  namespace: 'tools',
  kind: 'Job',
  name: 'cleanup',
  lifeSeconds: [30, 90],
  containers: [{ name: 'cleanup', load: load('flat', 4, 900, 0.3) }],
};
const logs: Workload = {
  namespace: 'kube-system',
  kind: 'DaemonSet',
  name: 'fluent-bit',
  containers: [{ name: 'fluent-bit', load: load('flat', 25, 3_000, 0.3) }],
};

/** Looks names up that never exist, a new one each time: the leak that the product is there to find. */
export const leak: Workload = {
  namespace: 'shop',
  kind: 'Deployment',
  name: 'thumbnailer',
  containers: [
    {
      name: 'thumbnailer',
      load: load('flat', 15, 4_000, 0.97, { growthPerSecond: 3_000, reclaimAt: 400_000_000 }),
    },
  ],
};

/** In order; repeated until the node has its number of cgroups. */
export const workloadsOf: Readonly<Record<Role, readonly Workload[]>> = {
  db: [logs, mysql, postgres, cron, idle, postgres],
  batch: [logs, etl, builder, etl, idle, builder, cron],
  web: [logs, frontend, cart, frontend, idle, cron],
  quiet: [logs, idle, cron, idle, idle],
};
