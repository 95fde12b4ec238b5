// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cgroup_events.hh"
#include "dentry_counts.hh"
#include "hook.hh"
#include "live_sample.hh"

#include <memory>
#include <napi.h>

namespace dentryscope
{

/*
 * Everything one DentryProbe of TypeScript holds; nothing is static, so any number live in any
 * number of environments. Node finalizes wrapped objects when an environment ends (exit, worker
 * terminated), so the destructor detaches even when nobody called close().
 */
class Probe : public Napi::ObjectWrap<Probe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit Probe(const Napi::CallbackInfo &info);

      private:
	void open();
	void close();
	void check_open(Napi::Env env) const;
	std::array<Hook *, 6> hooks();
	uint64_t missed(const Hook &hook) const;

	Napi::Value js_hooks(const Napi::CallbackInfo &info);
	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_live(const Napi::CallbackInfo &info);
	Napi::Value js_live_by_age(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	Napi::Value js_poll(const Napi::CallbackInfo &info);
	Napi::Value js_events_lost(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	/* In reverse order of death: readers go before the hooks, hooks before the maps they share.
	 */
	const Options options;
	SharedMaps maps;
	Hook alloc, free, lookup, unlink, instantiate, life;
	std::unique_ptr<DentryCounts> counts;
	std::unique_ptr<LiveSample> live;
	std::unique_ptr<CgroupEvents> events;
	uint64_t unpaired_at_open = 0;
	bool closed = false;
};

} // namespace dentryscope
