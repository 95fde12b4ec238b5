// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dentry_counts.hh"
#include "hook.hh"
#include "live_sample.hh"

#include <napi.h>
#include <vector>

/* Between the addon's structs and JavaScript values. TypeScript has checked what comes in. */
namespace dentryscope::js
{

Options options(const Napi::Object &from);
Napi::Object hook(Napi::Env env, const Hook &hook, uint64_t missed);
Napi::Array cgroup_events(Napi::Env env, const std::vector<ds_cgroup_event> &events);

/* What no backend can see is null, never 0. */
struct Sees {
	bool totals_allocated;
	bool totals_freed;
	bool live;
	std::array<bool, NR_COUNTERS> counters;
};
Napi::Object drained(Napi::Env env, const Drained &drained, const Sees &sees);
Napi::Object live(Napi::Env env, const std::vector<Sampled> &samples, unsigned shift,
		  uint64_t lost);
/* Counts of samples by cgroup and age: `bounds_ns` are the upper ones, the last bucket has none. */
Napi::Object live_by_age(Napi::Env env, const std::vector<Sampled> &samples, unsigned shift,
			 uint64_t lost, uint64_t now_ns, const std::vector<uint64_t> &bounds_ns);
std::vector<uint64_t> words(const Napi::Value &value);

} // namespace dentryscope::js
