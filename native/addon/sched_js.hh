// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counter_table.hh"
#include "sched_hooks.hh"

#include <napi.h>
#include <vector>

/* The sched probe's structs and JavaScript values: see js.hh. */
namespace dentryscope::js
{

struct SchedRows {
	std::vector<uint64_t> ids;
	std::vector<Words> words; /* parallel to ids */
};

SchedOptions sched_options(const Napi::Object &from);
Napi::Object sched_drained(Napi::Env env, const SchedRows &rows, bool sees_queue, bool sees_locks);
void add_stalls(Napi::Array &to, const char *kind, const std::vector<ds_stall> &stalls);

} // namespace dentryscope::js
