// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook.hh"

namespace dentryscope
{

struct SchedOptions {
	Options common;
	uint32_t max_threads;
	uint64_t run_queue_stall_ns;
	uint64_t lock_stall_ns;
};

/* `options` must outlive them. */
Hook run_queue_hook(const SchedOptions &options);
Hook lock_contention_hook(const SchedOptions &options);

} // namespace dentryscope
