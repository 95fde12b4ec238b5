// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counter_table.hh"
#include "sched_hooks.hh"
#include "stall_ring.hh"

#include <array>
#include <memory>
#include <napi.h>

namespace dentryscope
{

/* Everything one SchedProbe of TypeScript holds; lives and dies as Probe does. */
class SchedProbe : public Napi::ObjectWrap<SchedProbe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit SchedProbe(const Napi::CallbackInfo &info);

      private:
	void open();
	void close();
	void check_open(Napi::Env env) const;
	std::array<Hook *, 2> hooks();

	Napi::Value js_hooks(const Napi::CallbackInfo &info);
	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_poll(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	/* In reverse order of death, as in Probe. */
	const SchedOptions options;
	SharedMaps maps;
	Hook run_queue, lock_contention;
	std::unique_ptr<CounterTable> table;
	std::unique_ptr<StallRing> queue_stalls, lock_stalls;
	bool closed = false;
};

} // namespace dentryscope
