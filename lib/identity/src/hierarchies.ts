/** Which cgroup hierarchies are mounted, and whether they may be believed. */
import { closeSync, openSync, readFileSync, readSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface V1Hierarchy {
  /** As /proc/self/cgroup writes it: `memory`, `cpu,cpuacct`, `name=systemd`. */
  readonly controllers: string;
  readonly path: string;
  /** First column of /proc/self/cgroup. */
  readonly hierarchyId: number;
}

export interface Hierarchies {
  /** Mount point of cgroup v2. */
  readonly v2: string | undefined;
  /** Only those with a controller that was asked for. */
  readonly v1: readonly V1Hierarchy[];
  readonly layout: 'v1' | 'v2' | 'hybrid' | 'none';
  /** Containers live in the v1 hierarchies: ids of the kernel side should be taken from there. */
  readonly preferV1: boolean;
  /** Sentences: what is not believed or not whole, and why. */
  readonly problems: readonly string[];
}

/** A mounted hierarchy as the walk needs it. */
export interface Root {
  /** `v2`, or the v1 controllers. */
  readonly hierarchy: string;
  /** 0 for v2. */
  readonly hierarchyId: number;
  /** Where it is mounted. */
  readonly path: string;
  /** The mounted cgroup's own path within its hierarchy; '' for the hierarchy's root. */
  readonly prefix: string;
}

export interface HierarchyOptions {
  /** The host's procfs. `self` in it is this process, whatever the pid namespace. */
  readonly procRoot: string;
  /** Only mounts at or below it count. */
  readonly cgroupRoot: string;
  /** v1 controllers whose hierarchies matter. */
  readonly controllers: readonly string[];
}

interface Mount {
  readonly path: string;
  readonly prefix: string;
  readonly fsType: string;
  readonly options: readonly string[];
}

/** include/uapi/linux/magic.h */
const MAGIC: Readonly<Record<string, bigint>> = { cgroup: 0x27e0ebn, cgroup2: 0x63677270n };
/** kernfs gives a hierarchy's root the id 1 (since 5.5, 67c0496e87d1). */
const ROOT_INODE = 1n;

/** @throws Error that names the setting where procRoot is no procfs. */
export function readHierarchies(options: HierarchyOptions): { seen: Hierarchies; roots: readonly Root[] } {
  const problems: string[] = [];
  const mounts = readMounts(options).filter((mount) => believe(mount, problems));
  const v2 = toRoot(
    'v2',
    0,
    mounts.filter((mount) => mount.fsType === 'cgroup2'),
  );
  const v1 = readNumbers(options.procRoot).flatMap(({ controllers, hierarchyId }) => {
    const names = controllers.split(',');
    if (!names.some((name) => options.controllers.includes(name))) return [];
    const ofIt = (m: Mount) => m.fsType === 'cgroup' && names.every((name) => m.options.includes(name));
    return toRoot(controllers, hierarchyId, mounts.filter(ofIt));
  });
  return { seen: describe(v2[0]?.path, v1, problems, options), roots: [...v2, ...v1] };
}

function describe(
  v2: string | undefined,
  roots: readonly Root[],
  problems: string[],
  options: HierarchyOptions,
) {
  const v1 = roots.map(({ hierarchy, path, hierarchyId }) => ({ controllers: hierarchy, path, hierarchyId }));
  const layout = v2 === undefined ? (v1.length ? 'v1' : 'none') : v1.length ? 'hybrid' : 'v2';
  if (layout === 'none')
    problems.unshift(
      `no cgroup file system is to be had below DENTRYSCOPE_CGROUP_ROOT=${options.cgroupRoot}`,
    );
  const preferV1 = layout === 'v1' || (layout === 'hybrid' && v2 !== undefined && systemdTracks(v2));
  return { v2, v1, layout, preferV1, problems } satisfies Hierarchies;
}

/** A hierarchy may be mounted more than once: whole before part, then the shortest path. */
function toRoot(hierarchy: string, hierarchyId: number, mounts: readonly Mount[]): Root[] {
  const rank = (mount: Mount) => mount.prefix.length * 4096 + mount.path.length;
  const best = mounts.toSorted((a, b) => rank(a) - rank(b))[0];
  return best ? [{ hierarchy, hierarchyId, path: best.path, prefix: best.prefix }] : [];
}

/** systemd's hybrid mode keeps its own scopes in the unified hierarchy and hands controllers and containers to v1. */
function systemdTracks(v2: string): boolean {
  return ['init.scope', 'system.slice'].some((name) => statSync(join(v2, name), { throwIfNoEntry: false }));
}

/** Lines of mountinfo, proc_pid_mountinfo(5): id, parent, device, root, mount point, options, …, `-`, type, source, super options. */
function readMounts({ procRoot, cgroupRoot }: HierarchyOptions): Mount[] {
  const below = resolved(cgroupRoot);
  return readProc(procRoot, 'self/mountinfo')
    .map((line) => line.split(' '))
    .flatMap((fields) => {
      const dash = fields.indexOf('-');
      const path = unescapeOctal(fields[4] ?? '');
      const fsType = fields[dash + 1] ?? '';
      if (dash < 0 || !(fsType in MAGIC) || (path !== below && !path.startsWith(`${below}/`))) return [];
      const root = unescapeOctal(fields[3] ?? '');
      // In a cgroup namespace the root of a mount from outside reads `/..`: where that lies can't be said.
      const prefix = root === '/' || root.includes('/..') ? '' : root;
      return [{ path, prefix, fsType, options: (fields[dash + 3] ?? '').split(',') }];
    });
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // it is not there: no mount will match, and that is what is told
  }
}

function readNumbers(procRoot: string): { controllers: string; hierarchyId: number }[] {
  return readProc(procRoot, 'self/cgroup').flatMap((line) => {
    const [number = '', controllers = ''] = line.split(':');
    return controllers && /^\d+$/.test(number) ? [{ controllers, hierarchyId: Number(number) }] : [];
  });
}

function readProc(procRoot: string, name: string): string[] {
  try {
    return readFileSync(join(procRoot, name), 'utf8').split('\n');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new Error(`DENTRYSCOPE_PROC_ROOT=${procRoot} is no procfs of a host: ${reason}`, { cause });
  }
}

/** mountinfo says what should be there; the file system itself has to say the same, and its control file has to answer. */
function believe(mount: Mount, problems: string[]): boolean {
  try {
    const { type } = statfsSync(mount.path, { bigint: true });
    if (type !== MAGIC[mount.fsType]) {
      problems.push(
        `${mount.path} is not believed: mountinfo calls it ${mount.fsType}, statfs says 0x${type.toString(16)}`,
      );
      return false;
    }
    answer(join(mount.path, 'cgroup.procs'));
    const { ino } = statSync(mount.path, { bigint: true });
    if (ino !== ROOT_INODE)
      problems.push(
        `${mount.path} shows a part of its hierarchy only (a cgroup namespace or a bind mount): mount the host's`,
      );
    return true;
  } catch (error) {
    problems.push(`${mount.path} is not believed: ${(error as Error).message}`);
    return false;
  }
}

/** @throws where the control file can't be read. One byte is enough: on a large host the list is long. */
function answer(controlFile: string): void {
  const fd = openSync(controlFile, 'r');
  try {
    readSync(fd, Buffer.alloc(1));
  } finally {
    closeSync(fd);
  }
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
