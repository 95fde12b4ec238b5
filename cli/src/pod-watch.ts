/** The pods of the cluster this runs in, where there is one. */
import type { PodLabels } from '@dentryscope/agent';
import type { Settings } from '@dentryscope/contracts';
import { PodWatch, detectKubernetes } from '@dentryscope/identity';
import { SettingError } from '@dentryscope/runtime';
import type { Logger } from '@dentryscope/runtime';
import { transportOptions } from './transport.js';

/** @returns undefined where no cluster is found @throws SettingError where one was asked for */
export async function startPodWatch(
  settings: Settings,
  logger: Logger,
  where: { nodeName?: string } = {},
): Promise<PodWatch | undefined> {
  try {
    const { source, reason } = detectKubernetes(settings);
    logger.info(`pods: ${source ? 'watched' : 'not watched'} (${reason})`);
    const { log } = transportOptions(logger, 'pods');
    return source && (await PodWatch.start({ source, ...where, ...(log ? { log } : {}) }));
  } catch (error) {
    throw new SettingError((error as Error).message, { cause: error });
  }
}

/** By its container, or by its pod where the cgroup is the pod's own. */
export function podLabels(
  pods: PodWatch,
  ids: { containerId: string; podUid: string },
): PodLabels | undefined {
  return pods.nameOf(ids.containerId) ?? pods.nameOf(ids.podUid);
}
