/** docker-compose.yml, deploy/kubernetes and deploy/keda: as Compose and a real kube-apiserver understand them. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { envName, settings, topics } from '@dentryscope/contracts';
import type { Command } from '@dentryscope/contracts';
import { requirePart, startKubeApiserver } from '@dentryscope/lab';
import type { RunningKube } from '@dentryscope/lab';
import { loadSettings } from '@dentryscope/runtime';
import { loadAllYaml } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeConfig, composeMissing, getCompose } from '../deploy/test/compose.js';
import type { ComposeConfig } from '../deploy/test/compose.js';
import { create, readKustomization, readManifests, workloads } from '../deploy/test/kube.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const kubernetes = `${root}deploy/kubernetes`;
/** Compose may have to be downloaded and built. */
const BUILD_LIMIT_MS = 900_000;

const variables = new Set(Object.values(settings).map(envName));
const version = (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }).version;
const commandOf = (args: readonly string[] | null | undefined): Command => (args?.[0] ?? 'agent') as Command;

/** What a container's variables mean to its command: those that are no setting, and those the command does not have. */
function check(command: Command, environment: Readonly<Record<string, string>>) {
  const own = Object.fromEntries(
    Object.entries(environment).filter(([name]) => name.startsWith('DENTRYSCOPE_')),
  );
  expect(Object.keys(own).filter((name) => !variables.has(name))).toEqual([]);
  return loadSettings(command, [], own).settings;
}

describe.skipIf(composeMissing())('docker-compose.yml', () => {
  let config: ComposeConfig;
  beforeAll(async () => {
    config = await composeConfig(await getCompose(), root);
  }, BUILD_LIMIT_MS);
  const ours = ['ingester', 'api', 'simulator', 'agent'];
  const service = (name: string) => config.services[name]!;

  it('has the services that make up dentryscope', () => {
    expect(Object.keys(config.services).toSorted()).toEqual([...ours, 'influxdb', 'kafka'].toSorted());
  });

  it('builds its own images, and pins the others', () => {
    for (const name of ours) {
      expect(service(name).build).toMatchObject({ dockerfile: 'deploy/Dockerfile' });
      expect(service(name).image).toMatch(new RegExp(`:${version.replaceAll('.', '\\.')}$`));
    }
    expect(service('kafka').image).toBe('apache/kafka:3.9.1');
    expect(service('influxdb').image).toBe('influxdb:2.7.12');
  });

  it('names targets that the Dockerfile has', () => {
    const targets = [...readFileSync(`${root}deploy/Dockerfile`, 'utf8').matchAll(/^FROM .* AS (\w+)$/gm)];
    for (const name of ours)
      expect(targets.map(([, target]) => target)).toContain(service(name).build!.target);
  });

  it('has a health check for each service, and waits for those it needs', () => {
    for (const { healthcheck } of Object.values(config.services))
      expect(healthcheck?.test.length).toBeGreaterThan(1);
    const needed = Object.fromEntries(
      ours.map((name) => [name, Object.keys(service(name).depends_on ?? {})]),
    );
    expect(needed).toEqual({
      ingester: ['influxdb', 'kafka'],
      api: ['influxdb'],
      simulator: ['api', 'ingester', 'kafka'],
      agent: ['kafka'],
    });
    for (const name of ours)
      for (const { condition } of Object.values(service(name).depends_on!))
        expect(condition).toBe('service_healthy');
  });

  it('sets what the commands know, to values they take', () => {
    for (const name of ours) {
      const { command, environment, secrets = [] } = service(name);
      const files = secrets.map(
        ({ source }) => [`/run/secrets/${source}`, config.secrets[source]!.file] as const,
      );
      const here = Object.entries(environment).map(([variable, value]) => {
        const secret = files.find(([path]) => path === value);
        if (variable.endsWith('_FILE')) expect(secret, `${name}: ${variable}`).toBeDefined();
        return [variable, secret?.[1] ?? String(value)];
      });
      const loaded = check(commandOf(command), Object.fromEntries(here) as Record<string, string>);
      if (['ingester', 'api'].includes(name)) expect(loaded.influxToken).toMatch(/^dentryscope-demo-/);
      if (name !== 'api') expect(loaded.transport).toBe('kafka');
    }
  });

  it('opens the page to this machine only, with a token that the demo gives', () => {
    const published = Object.values(config.services).flatMap(({ ports = [] }) => ports);
    expect(published).toMatchObject([{ host_ip: '127.0.0.1', published: '8080' }]);
    const token = readFileSync(config.secrets['api-token']!.file, 'utf8').trim();
    const hash = createHash('sha256').update(token).digest('hex');
    expect(readFileSync(config.secrets['api-tokens']!.file, 'utf8')).toContain(`demo read ${hash}`);
  });

  it('gives the agent no more than it needs, and the others nothing', () => {
    expect(Object.values(config.services).filter(({ privileged }) => privileged)).toEqual([]);
    for (const name of ours) expect(service(name).cap_drop).toEqual(['ALL']);
    expect(service('agent').cap_add).toEqual(['BPF', 'PERFMON', 'SYSLOG', 'SYS_RESOURCE']);
    for (const name of ours.filter((one) => one !== 'agent')) expect(service(name).cap_add).toBeUndefined();
    for (const { source, read_only } of service('agent').volumes!)
      if (source.startsWith('/')) expect(read_only, source).toBe(true);
  });
});

describe('deploy/kubernetes', () => {
  const manifests = readManifests(kubernetes);
  const all = workloads(manifests);

  it('lists every manifest, and every image with its version', () => {
    const { resources, images } = readKustomization(kubernetes);
    const files = readdirSync(kubernetes).filter((file) => file !== 'kustomization.yaml');
    expect([...resources].toSorted()).toEqual(files.toSorted());
    expect(new Set(all.map(({ container }) => container.image))).toEqual(
      new Set(images.map(({ name, newTag }) => `${name}:${newTag}`)),
    );
    expect(images.map(({ newTag }) => newTag)).toEqual(images.map(() => version));
  });

  it('sets what the commands know, and lets no Service set more', () => {
    for (const { pod, container, environment } of all) {
      // Secrets are the user's: here there are none to read.
      const readable = Object.entries(environment).filter(
        ([name]) => name !== 'DENTRYSCOPE_INFLUX_TOKEN_FILE',
      );
      const loaded = check(commandOf(container.args), Object.fromEntries(readable));
      expect(loaded.transport).toBe('kafka');
      expect(pod.enableServiceLinks).toBe(false);
    }
    expect(all.map(({ container }) => container.args)).toEqual([
      ['agent'],
      ['ingester'],
      ['api'],
      ['rollup'],
    ]);
  });

  const named = (name: string) => all.find(({ container }) => container.name === name)!;
  const limitMi = (name: string) => {
    const [, count, unit] = /^(\d+)([MG])i$/.exec(named(name).container.resources!.limits!['memory']!)!;
    return Number(count) * (unit === 'G' ? 1024 : 1);
  };

  it('lets the agent be as important as it says where a cluster wants a quota for that', () => {
    const quotas = manifests.filter(({ kind }) => kind === 'ResourceQuota');
    expect(quotas.map(({ metadata }) => metadata.namespace)).toEqual([
      named('agent').manifest.metadata.namespace,
    ]);
    expect(quotas[0]!.spec!.scopeSelector!.matchExpressions).toEqual([
      { scopeName: 'PriorityClass', operator: 'In', values: [named('agent').pod.priorityClassName] },
    ]);
  });

  it('lets the agent load BPF and write its spool whatever the runtime, with the same capabilities', () => {
    expect(named('agent').container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'Unconfined' },
      seLinuxOptions: { type: 'spc_t' },
      capabilities: { drop: ['ALL'], add: ['BPF', 'PERFMON', 'SYSLOG', 'SYS_RESOURCE'] },
    });
    expect(named('agent').container.securityContext!.privileged).toBeUndefined();
    for (const { pod } of all.filter(({ container }) => container.name !== 'agent'))
      expect(pod.securityContext).toMatchObject({ seccompProfile: { type: 'RuntimeDefault' } });
  });

  it('has room for the maps of 850 possible CPUs, and for the names of 300,000 pods', () => {
    const { maxCgroups } = check('agent', named('agent').environment);
    const mapsOfOneCpu = (maxCgroups + 2) * 248 + 32 * 1024;
    expect(limitMi('agent') * 2 ** 20).toBeGreaterThan(130e6 + 850 * mapsOfOneCpu);
    expect(limitMi('ingester') * 2 ** 20).toBeGreaterThan(296e6 + 300_000 * 5000);
  });

  it('leaves the API to say itself that its store is away', () => {
    const { readinessProbe, livenessProbe } = named('api').container;
    expect(readinessProbe!.httpGet!.path).toBe('/healthz');
    expect(livenessProbe!.httpGet!.path).toBe('/healthz');
  });
});

const noKube = requirePart('kube');
describe.skipIf(noKube)('deploy/kubernetes on a real kube-apiserver', () => {
  let kube: RunningKube;
  const manifests = readManifests(kubernetes);
  beforeAll(async () => {
    kube = await startKubeApiserver();
  }, BUILD_LIMIT_MS);
  afterAll(async () => kube?.stop());

  it('is taken whole, with strict validation', async () => {
    for (const manifest of manifests) {
      const dryRun = manifest.kind !== 'Namespace' && !manifest.kind.startsWith('ClusterRole');
      const { status, body } = await create(kube, manifest, { dryRun });
      expect({ name: `${manifest.kind} ${manifest.metadata.name}`, status, message: body.message }).toEqual({
        name: `${manifest.kind} ${manifest.metadata.name}`,
        status: 201,
        message: undefined,
      });
    }
  });

  it('would be refused with a field that does not exist', async () => {
    const service = manifests.find(({ kind }) => kind === 'Service')!;
    const { status, body } = await create(kube, {
      ...service,
      spec: { ...service.spec, prots: [] } as object,
    });
    expect(status).toBe(400);
    expect(body.message).toContain('unknown field "spec.prots"');
  });

  it.each([
    ['ingester', '', 'pods', true],
    ['ingester', 'apps', 'replicasets', true],
    ['ingester', 'batch', 'jobs', true],
    ['ingester', '', 'secrets', false],
    ['agent', '', 'pods', true],
    ['agent', 'apps', 'replicasets', false],
  ])('lets the %s watch %s %s: %s', async (component, group, resource, allowed) => {
    const review = {
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: { name: '' },
      spec: {
        user: `system:serviceaccount:dentryscope:dentryscope-${component}`,
        resourceAttributes: { group, resource, verb: 'watch' },
      },
    };
    const { body } = await create(kube, review as never);
    expect(body.status).toMatchObject({ allowed });
  });
});

describe('deploy/keda', () => {
  const keda = `${root}deploy/keda`;
  const [settingsMap] = readManifests(kubernetes).filter(({ kind }) => kind === 'ConfigMap');

  it('watches the lag that the ingesters are there for', () => {
    const { resources } = readKustomization(keda);
    expect(resources).toEqual(['../kubernetes', 'ingester.yaml']);
    const [scaled] = loadAllYaml(readFileSync(`${keda}/ingester.yaml`, 'utf8')) as ScaledObject[];
    const ingester = workloads(readManifests(kubernetes)).find(
      ({ container }) => container.name === 'ingester',
    )!;
    expect(scaled!.metadata.namespace).toBe(ingester.manifest.metadata.namespace);
    expect(scaled!.spec.scaleTargetRef.name).toBe(ingester.manifest.metadata.name);
    const loaded = check('ingester', settingsMap!.data!);
    expect(scaled!.spec.maxReplicaCount).toBe(loaded.kafkaPartitions);
    expect(scaled!.spec.triggers[0]!.metadata).toMatchObject({
      bootstrapServers: loaded.kafkaBrokers.join(','),
      consumerGroup: loaded.kafkaGroup,
      topic: topics.deltas,
    });
  });
});

interface ScaledObject {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly maxReplicaCount: number;
    readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
  };
}
