// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cgroup_map.hh"
#include "hook.hh"

#include <napi.h>
#include <vector>

/* Between the addon's structs and JavaScript values. TypeScript has checked what comes in. */
namespace dentryscope::js
{

Options options(const Napi::Object &from);
Napi::Object hook(Napi::Env env, const Hook &hook, uint64_t missed);
Napi::Array cgroup_events(Napi::Env env, const std::vector<ds_cgroup_event> &events);

/* `sees_alloc`, `sees_free`: columns that no backend can see are null, never 0. */
struct Sees {
	bool alloc;
	bool free;
	bool free_per_cgroup;
};
Napi::Object drained(Napi::Env env, const Drained &drained, const Sees &sees);

} // namespace dentryscope::js
