// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cgroup_events.hh"
#include "dentry_counts.hh"
#include "hook_probe.hh"
#include "live_sample.hh"

#include <array>
#include <memory>

namespace dentryscope
{

/* Everything one DentryProbe of TypeScript holds. */
class Probe : public HookProbe<Probe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit Probe(const Napi::CallbackInfo &info);
	std::array<Hook *, 6> hooks();
	uint64_t missed(const Hook &hook) const;

      private:
	void open();
	void close();

	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_live(const Napi::CallbackInfo &info);
	Napi::Value js_live_by_age(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	Napi::Value js_poll(const Napi::CallbackInfo &info);
	Napi::Value js_events_lost(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	const Options options;
	SharedMaps maps;
	Hook alloc, free, lookup, unlink, instantiate, life;
	std::unique_ptr<DentryCounts> counts;
	std::unique_ptr<LiveSample> live;
	std::unique_ptr<CgroupEvents> events;
	uint64_t unpaired_at_open = 0;
};

} // namespace dentryscope
