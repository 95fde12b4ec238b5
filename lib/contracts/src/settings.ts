/**
 * Every setting, declared once. Each is an environment variable `DENTRYSCOPE_<NAME>` and a flag `--<name>`.
 * `--help` and docs/configuration.md are made from this. Names never end in _PORT or _HOST: Kubernetes
 * injects such variables for a Service called dentryscope-….
 */
import { choice, commands, optional, setting } from './setting.js';
import type { Command, Setting } from './setting.js';
import { simulationSettings } from './settings-simulation.js';
import { transportSettings } from './settings-transport.js';

export { envName, flagName } from './setting.js';
export type { Command, OffsetRange, Setting } from './setting.js';

const all = commands;
const measuring: Command[] = ['standalone', 'agent', 'doctor'];
const storing: Command[] = ['standalone', 'ingester', 'api', 'rollup'];
const naming: Command[] = ['standalone', 'agent', 'ingester'];

/** A timer of Node that is longer goes off at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const settings = {
  logLevel: choice(
    'LOG_LEVEL',
    ['trace', 'debug', 'info', 'warn', 'error'],
    'info',
    all,
    'Least important log line that is written (JSON, on standard error).',
  ),
  dataDir: setting(
    'path',
    'DATA_DIR',
    '~/.local/share/dentryscope',
    all,
    "Where the agent's spool and the embedded log and store live.",
  ),
  cluster: setting('text', 'CLUSTER', 'default', ['standalone', 'agent', 'simulate'], 'Name of the cluster.'),
  node: optional('text', 'NODE', ['standalone', 'agent'], 'Name of this node; the host name where unset.'),
  window: setting(
    'duration',
    'WINDOW',
    '10s',
    ['standalone', 'agent', 'simulate'],
    'Length of a window.',
    100,
  ),
  backend: choice(
    'BACKEND',
    ['auto', 'fentry', 'kprobe', 'tracepoint', 'none'],
    'auto',
    measuring,
    'How kernel hooks are attached; auto tries fentry, kprobe, tracepoint and takes the first that works.',
  ),
  maxCgroups: setting(
    'integer',
    'MAX_CGROUPS',
    '4096',
    measuring,
    'Cgroups counted one by one; what exceeds it is counted together, as cgroup 0.',
    1,
    1_048_576,
  ),
  newCgroupsPerHour: setting(
    'integer',
    'NEW_CGROUPS_PER_HOUR',
    '1000',
    ['standalone', 'agent'],
    'New cgroups an hour that get a name of their own, beside the DENTRYSCOPE_MAX_CGROUPS that an agent starts with; the others are counted together, as cgroup 0, for as long as they live. It bounds the series of a node in InfluxDB: DENTRYSCOPE_MAX_CGROUPS for each start of the agent, and this for each hour of DENTRYSCOPE_RETENTION.',
    1,
    1_000_000,
  ),
  liveMaxSamples: setting(
    'integer',
    'LIVE_MAX_SAMPLES',
    '16384',
    measuring,
    'Living dentries that are kept as a sample of all (112 bytes of kernel memory each): who holds them. The rate is halved when it comes near.',
    64,
    1_048_576,
  ),
  reclaimEventMin: setting(
    'duration',
    'RECLAIM_EVENT_MIN',
    '1ms',
    measuring,
    'Reclaims of dentries that take at least so long are told one by one; the counters have all of them.',
    0,
  ),
  runQueueStall: setting(
    'duration',
    'RUN_QUEUE_STALL',
    '1s',
    measuring,
    'A wait for a CPU that is told as an event of its own.',
    1,
  ),
  lockStall: setting(
    'duration',
    'LOCK_STALL',
    '10ms',
    measuring,
    'A wait for a kernel lock that is told as an event of its own.',
    1,
  ),
  jitter: choice(
    'JITTER',
    ['auto', 'on', 'off'],
    'auto',
    measuring,
    'Measure how late timers come, with a thread on every CPU; auto: where the kernel has no soft lockup detector.',
  ),
  jitterPeriod: setting('duration', 'JITTER_PERIOD', '100ms', measuring, 'How often each CPU is asked.', 1),
  jitterStall: setting(
    'duration',
    'JITTER_STALL',
    '1s',
    measuring,
    'A timer so late is told as an event of its own.',
    1,
  ),
  procRoot: setting('path', 'PROC_ROOT', '/proc', measuring, "The host's procfs."),
  cgroupRoot: setting('path', 'CGROUP_ROOT', '/sys/fs/cgroup', measuring, "The host's cgroup mounts."),
  agentListen: setting(
    'listen',
    'AGENT_LISTEN',
    ':9090',
    ['agent'],
    "Address of the agent's /metrics, /healthz and /readyz.",
  ),
  spoolMaxBytes: setting(
    'integer',
    'SPOOL_MAX_BYTES',
    '67108864',
    ['standalone', 'agent'],
    'Bound of the spool that holds windows until the broker has them; then the oldest are dropped and counted.',
    65536,
  ),
  spoolDrainPerSecond: setting(
    'integer',
    'SPOOL_DRAIN_PER_SECOND',
    '5',
    ['standalone', 'agent'],
    'Windows of a backlog that are sent in a second once the broker is back; new ones go before them, at once.',
    1,
  ),
  ...transportSettings,
  store: choice(
    'STORE',
    ['embedded', 'influx'],
    'embedded',
    [...storing, 'export'],
    'Where windows are kept: DuckDB in the data directory, or InfluxDB v2.',
  ),
  retention: setting(
    'duration',
    'RETENTION',
    '7d',
    storing,
    'How long windows are kept. In the embedded store figures of cgroups are then summed up by the hour and kept for DENTRYSCOPE_ROLLUP_RETENTION; in InfluxDB `dentryscope rollup` does that a day before (half of it before, where it is shorter than two days), and windows that come later than that are left out. An InfluxDB bucket that has to be made is made with it; one that exists is left as it is, and a difference is logged.',
    3_600_000,
  ),
  rollupRetention: setting(
    'duration',
    'ROLLUP_RETENTION',
    '90d',
    storing,
    'How long the embedded store keeps what is older than DENTRYSCOPE_RETENTION: figures of cgroups by the hour, those of nodes window by window. In InfluxDB what the bucket of hours keeps, where it has to be made: figures by the hour, workload and node. Not longer than DENTRYSCOPE_RETENTION: nothing is summed up, windows are dropped.',
    3_600_000,
  ),
  influxUrl: setting('url', 'INFLUX_URL', 'http://127.0.0.1:8086', storing, 'InfluxDB v2.'),
  influxOrg: setting('text', 'INFLUX_ORG', 'dentryscope', storing, 'InfluxDB organization.'),
  influxBucket: setting('text', 'INFLUX_BUCKET', 'dentryscope', storing, 'InfluxDB bucket.'),
  influxRollupBucket: optional(
    'text',
    'INFLUX_ROLLUP_BUCKET',
    storing,
    'InfluxDB bucket of hours; DENTRYSCOPE_INFLUX_BUCKET with `_hours` where unset.',
  ),
  influxToken: optional('secret', 'INFLUX_TOKEN', storing, 'InfluxDB token; better in a file.'),
  influxTokenFile: optional('path', 'INFLUX_TOKEN_FILE', storing, 'File that holds the InfluxDB token.'),
  influxTlsCaFile: optional(
    'path',
    'INFLUX_TLS_CA_FILE',
    storing,
    "PEM file of the authorities that may have signed InfluxDB's certificate; those that Node knows where unset.",
  ),
  kubernetes: choice(
    'KUBERNETES',
    ['auto', 'on', 'off'],
    'auto',
    naming,
    'Watch pods to name containers; auto: where a kubeconfig or a service account is found.',
  ),
  kubeconfig: optional(
    'path',
    'KUBECONFIG',
    naming,
    'kubeconfig file; KUBECONFIG and the service account otherwise.',
  ),
  ingesterListen: setting(
    'listen',
    'INGESTER_LISTEN',
    '127.0.0.1:9091',
    ['ingester'],
    "Address of the ingester's /metrics, /healthz and /readyz.",
  ),
  apiListen: setting(
    'listen',
    'API_LISTEN',
    '127.0.0.1:8080',
    ['standalone', 'api'],
    'Address of the API and the page.',
  ),
  apiTokensFile: optional(
    'path',
    'API_TOKENS_FILE',
    ['standalone', 'api'],
    'File of API tokens, one a line: NAME SCOPE SHA256-HEX (SCOPE read or admin). Without it the API is open, and listens on loopback only.',
  ),
  apiQueryTimeout: setting(
    'duration',
    'API_QUERY_TIMEOUT',
    '30s',
    ['standalone', 'api'],
    'Time cap of a query.',
    1,
    LONGEST_TIMER_MS,
  ),
  ...simulationSettings,
  every: optional(
    'duration',
    'EVERY',
    ['rollup'],
    'Roll up again and again, with so much time between; left out: what is due now, and end.',
    60_000,
  ),
  offset: optional(
    'range',
    'OFFSET',
    ['deadletter'],
    'Only dead letters whose message had this offset in the topic it came from: 17, or 10-20 with both ends, or 10-.',
  ),
  partition: optional(
    'integer',
    'PARTITION',
    ['deadletter'],
    'Only dead letters whose message came from this partition.',
  ),
  reason: optional(
    'text',
    'REASON',
    ['deadletter'],
    'Only dead letters whose reason contains this text, in upper or lower case.',
  ),
  from: optional(
    'time',
    'FROM',
    ['export'],
    'Windows that start then or later; left out: all that are kept. RFC 3339, or a length back from now.',
  ),
  to: optional('time', 'TO', ['export'], 'Windows that start before then; left out: to the newest.'),
  overwrite: setting(
    'boolean',
    'OVERWRITE',
    'false',
    ['export'],
    'Replace the files of an earlier export in the same directory.',
  ),
  json: setting('boolean', 'JSON', 'false', ['deadletter'], 'One JSON object a dead letter, a line each.'),
  dryRun: setting(
    'boolean',
    'DRY_RUN',
    'false',
    ['deadletter'],
    'Show what would be replayed, and replay nothing.',
  ),
} as const satisfies Record<string, Setting>;

export type SettingKey = keyof typeof settings;
export type Settings = {
  readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer V> ? V : never;
};
