import { get, isCached, missingFor, type Recipe } from './get.js';
import { INFLUX_VERSIONS, influxRecipe } from './influx-get.js';
import { startInflux } from './influx.js';
import { KAFKA_VERSIONS, kafkaRecipe } from './kafka-get.js';
import { startKafka } from './kafka.js';
import { KUBE_VERSIONS, kubeRecipe } from './kube-get.js';
import { startKubeApiserver } from './kube.js';
import type { RunningPart } from './running.js';
import { getKernel, guestAvailable, KERNELS, type KernelVersion } from './vm.js';

interface PartType {
  /** The first one is the default. */
  versions: readonly string[];
  recipe(version: string): Recipe;
  start(version: string, lastingDir: string): Promise<RunningPart>;
}

/** The one place where the versions' types are left: `parsePart` lets only versions of the list through. */
function part<V extends string>(
  versions: readonly V[],
  recipe: (version: V) => Recipe,
  start: (options: { version: V; lastingDir: string }) => Promise<RunningPart>,
): PartType {
  return {
    versions,
    recipe: (version) => recipe(version as V),
    start: (version, lastingDir) => start({ version: version as V, lastingDir }),
  };
}

const TYPES = {
  kafka: part(KAFKA_VERSIONS, kafkaRecipe, startKafka),
  influx: part(INFLUX_VERSIONS, influxRecipe, startInflux),
  kube: part(KUBE_VERSIONS, kubeRecipe, startKubeApiserver),
};

export type ServerName = keyof typeof TYPES;
export type PartName = ServerName | 'vm';
/** A part, of its default version or of another: `kafka`, `kafka@4.1.1`, `vm@6.1`. */
export type PartSpec = PartName | `${PartName}@${string}`;

export const SERVERS = Object.keys(TYPES) as ServerName[];
export const PARTS: readonly PartName[] = [...SERVERS, 'vm'];

export const versionsOf = (name: PartName): readonly string[] =>
  name === 'vm' ? KERNELS : TYPES[name].versions;

export interface Part {
  name: PartName;
  /** Of `vm` undefined means all kernels. */
  version: string | undefined;
}

/** Throws a RangeError that names the choices. */
export function parsePart(spec: string): Part {
  const [name, version, ...rest] = spec.split('@') as [PartName, string | undefined];
  if (!PARTS.includes(name) || rest.length > 0)
    throw new RangeError(`unknown part ${spec}: choose from ${PARTS.join(', ')}`);
  const versions = versionsOf(name);
  if (version === undefined) return { name, version: name === 'vm' ? undefined : versions[0] };
  if (versions.includes(version)) return { name, version };
  throw new RangeError(`unknown version in ${spec}: choose from ${versions.join(', ')}`);
}

export interface Availability {
  available: boolean;
  /** True if nothing is left to download or build (of guest kernels it is not told). */
  cached: boolean;
  /** What is missing and the way out, one line each. */
  missing: string[];
}

/** Can this part be used here, at once or after a `get`? Looks at the cache and for tools, and starts nothing. */
export function partAvailable(spec: PartSpec): Availability {
  const { name, version } = parsePart(spec);
  const vmMissing = name === 'vm' ? guestAvailable() : undefined;
  const recipe = name === 'vm' ? undefined : TYPES[name].recipe(version!);
  const missing = recipe ? missingFor(recipe) : vmMissing ? [vmMissing] : [];
  return { available: missing.length === 0, cached: recipe !== undefined && isCached(recipe), missing };
}

/** Downloads and builds what is not in the cache yet. */
export async function getPart(spec: PartSpec): Promise<void> {
  const { name, version } = parsePart(spec);
  if (name !== 'vm') await get(TYPES[name].recipe(version!));
  else for (const kernel of version ? [version] : KERNELS) await getKernel(kernel as KernelVersion);
}

/** Starts a server part whose data lie in `lastingDir` and which outlives this process. */
export function startLasting(name: ServerName, version: string, lastingDir: string): Promise<RunningPart> {
  return TYPES[name].start(version, lastingDir);
}
