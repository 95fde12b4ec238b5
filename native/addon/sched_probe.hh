// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counter_table.hh"
#include "hook_probe.hh"
#include "sched_hooks.hh"
#include "stall_ring.hh"

#include <array>
#include <memory>

namespace dentryscope
{

/* Everything one SchedProbe of TypeScript holds. */
class SchedProbe : public HookProbe<SchedProbe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit SchedProbe(const Napi::CallbackInfo &info);
	std::array<Hook *, 2> hooks();
	uint64_t missed(const Hook &hook) const;

      private:
	void open();
	void close();

	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_poll(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	const SchedOptions options;
	SharedMaps maps;
	Hook run_queue, lock_contention;
	std::unique_ptr<CounterTable> table;
	std::unique_ptr<StallRing> queue_stalls, lock_stalls;
};

} // namespace dentryscope
