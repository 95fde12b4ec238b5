// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook.hh"

#include <reclaim_types.h>

namespace dentryscope
{

/* The maps of bpf/include/reclaim*.h that hooks share. */
extern const std::vector<const char *> reclaim_maps;

/* One of the hooks in bpf/reclaim_<backend>.bpf.c. `options` must outlive it. */
Hook reclaim_hook(const char *name, const char *prefix, const Options &options,
		  uint64_t event_min_ns);
/* Those of bpf/reclaim_tracepoint.bpf.c; so must it here. */
Hook memory_reclaim_hook(const Options &options);
Hook shrinkers_hook(const Options &options);

} // namespace dentryscope
