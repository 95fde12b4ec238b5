// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook_probe.hh"
#include "reclaim_counts.hh"

#include <array>
#include <memory>

namespace dentryscope
{

/* Everything one ReclaimProbe of TypeScript holds. */
class ReclaimProbe : public HookProbe<ReclaimProbe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit ReclaimProbe(const Napi::CallbackInfo &info);
	std::array<Hook *, 6> hooks();
	uint64_t missed(const Hook &hook) const;

      private:
	void open();
	void close();
	uint64_t lost(ds_reclaim_scope scope, bool by_kprobe) const;

	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_shrinkers(const Napi::CallbackInfo &info);
	Napi::Value js_events(const Napi::CallbackInfo &info);
	Napi::Value js_events_lost(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	const Options options;
	SharedMaps maps;
	Hook freed, prune, remount, umount, memory, shrinkers;
	std::unique_ptr<ReclaimEvents> events;
};

} // namespace dentryscope
