// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook.hh"

namespace dentryscope
{

/* One of the hooks in bpf/dentry_<backend>.bpf.c. `options` must outlive it. */
Hook dentry_hook(const char *name, const char *prefix, const Options &options);
Hook cgroup_life_hook(const Options &options);

} // namespace dentryscope
