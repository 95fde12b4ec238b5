import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from './get.js';
import { goBuild, writeGoModule } from './gomod.js';
import { step } from './progress.js';

export const KUBE_VERSIONS = ['1.35.4'] as const;
export type KubeVersion = (typeof KUBE_VERSIONS)[number];

/** What cmd/kube-apiserver's own main does: that package's folder is not importable as a command from here. */
const MAIN_GO = `package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
`;

/** The module's zip has no staging folder; every staged library is also published as 0.X of Kubernetes 1.X. */
function unstage(goMod: string, version: KubeVersion): string {
  const published = `v0${version.slice(1)}`;
  return goMod.replace(/=> \.\/staging\/src\/(\S+)/g, `=> $1 ${published}`);
}

async function build(version: KubeVersion, dir: string, scratch: string): Promise<void> {
  const module = {
    path: 'k8s.io/kubernetes',
    version: `v${version}`,
    edit: (goMod: string) => unstage(goMod, version),
  };
  await step('kube: source by Go modules', () => writeGoModule(scratch, module));
  writeFileSync(join(scratch, 'main.go'), MAIN_GO);
  const about = 'k8s.io/component-base/version';
  const [major, minor] = version.split('.');
  const set = [`${about}.gitVersion=v${version}`, `${about}.gitMajor=${major}`, `${about}.gitMinor=${minor}`];
  const output = join(dir, 'kube-apiserver');
  await step('kube: dependencies and build, some 4 minutes', () =>
    goBuild({ dir: scratch, target: '.', output, set, env: { CGO_ENABLED: '0' } }),
  );
}

export const kubeRecipe = (version: KubeVersion): Recipe => ({
  name: 'kube',
  version,
  builtWith: ['go'],
  runsWith: ['etcd'],
  build: (dir, scratch) => build(version, dir, scratch),
});
