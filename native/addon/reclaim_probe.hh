// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hook.hh"
#include "reclaim_counts.hh"

#include <array>
#include <memory>
#include <napi.h>

namespace dentryscope
{

/* Everything one ReclaimProbe of TypeScript holds: see Probe. */
class ReclaimProbe : public Napi::ObjectWrap<ReclaimProbe>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit ReclaimProbe(const Napi::CallbackInfo &info);

      private:
	void open();
	void close();
	void check_open(Napi::Env env) const;
	std::array<Hook *, 6> hooks();
	uint64_t lost(ds_reclaim_scope scope, bool by_kprobe) const;
	uint64_t missed(const Hook &hook) const;

	Napi::Value js_hooks(const Napi::CallbackInfo &info);
	Napi::Value js_drain(const Napi::CallbackInfo &info);
	Napi::Value js_shrinkers(const Napi::CallbackInfo &info);
	Napi::Value js_events(const Napi::CallbackInfo &info);
	Napi::Value js_events_lost(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);

	/* In reverse order of death: readers go before the hooks, hooks before the maps they share.
	 */
	const Options options;
	SharedMaps maps;
	Hook freed, prune, remount, umount, memory, shrinkers;
	std::unique_ptr<ReclaimEvents> events;
	bool closed = false;
};

} // namespace dentryscope
