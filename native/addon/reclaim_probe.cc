// SPDX-License-Identifier: Apache-2.0
#include "reclaim_probe.hh"

#include "reclaim_hooks.hh"
#include "reclaim_js.hh"

#include <algorithm>
#include <map>

namespace dentryscope
{

Napi::Function ReclaimProbe::define(Napi::Env env)
{
	return DefineClass(env, "ReclaimProbe",
			   {InstanceMethod("hooks", &ReclaimProbe::js_hooks),
			    InstanceMethod<&ReclaimProbe::js_drain>("drain"),
			    InstanceMethod<&ReclaimProbe::js_shrinkers>("shrinkers"),
			    InstanceMethod<&ReclaimProbe::js_events>("events"),
			    InstanceMethod<&ReclaimProbe::js_events_lost>("eventsLost"),
			    InstanceMethod<&ReclaimProbe::js_forget>("forget"),
			    InstanceMethod<&ReclaimProbe::js_close>("close")});
}

static uint64_t bigint(const Napi::Value &value)
{
	bool lossless;

	return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

ReclaimProbe::ReclaimProbe(const Napi::CallbackInfo &info)
    : HookProbe<ReclaimProbe>(info), options(js::options(info[0].As<Napi::Object>())),
      maps(reclaim_maps), freed(reclaim_hook("reclaim_freed", "freed_", options, bigint(info[1]))),
      prune(reclaim_hook("reclaim_prune", "prune_", options, bigint(info[1]))),
      remount(reclaim_hook("reclaim_remount", "remount_", options, bigint(info[1]))),
      umount(reclaim_hook("reclaim_umount", "umount_", options, bigint(info[1]))),
      memory(memory_reclaim_hook(options)), shrinkers(shrinkers_hook(options))
{
	guarded(info.Env(), [&] { open(); });
}

/* What is freed is counted before anything reclaims. */
std::array<Hook *, 6> ReclaimProbe::hooks()
{
	return {&freed, &prune, &remount, &umount, &memory, &shrinkers};
}

void ReclaimProbe::open()
{
	KernelBtf kernel;

	for (Hook *hook : hooks())
		hook->open(options, kernel, maps);
	if (maps.fd("reclaims") >= 0)
		events = std::make_unique<ReclaimEvents>(maps.fd("reclaims"));
}

void ReclaimProbe::close()
{
	events.reset();
	close_hooks(maps);
}

static std::optional<ds_reclaim_scope> scope_of(const std::string &hook)
{
	static const std::map<std::string, ds_reclaim_scope> scopes = {
	    {"reclaim_prune", DS_SCOPE_PRUNE},	 {"reclaim_remount", DS_SCOPE_REMOUNT},
	    {"reclaim_umount", DS_SCOPE_UMOUNT}, {"reclaim_direct", DS_SCOPE_MEMORY},
	    {"shrinkers", DS_SCOPE_SHRINKER},
	};
	auto found = scopes.find(hook);

	return found == scopes.end() ? std::nullopt : std::optional(found->second);
}

/*
 * At most so many calls were lost. Of kretprobes nobody can tell a lost return from a call that
 * still runs, so there both count. Programs write the three figures one after the other, so a read
 * between two says too much: the least of some is the one to believe.
 */
uint64_t ReclaimProbe::lost(ds_reclaim_scope scope, bool by_kprobe) const
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 5 && least > 0; i++) {
		auto control = read_reclaim_control(maps.fd("reclaim_control"));
		const ds_scope_books &books = control.scope[scope];
		int64_t lost = books.entered - books.left;

		least = std::min(least, by_kprobe ? lost : lost - int64_t(books.in_flight));
	}
	return std::max<int64_t>(least, 0);
}

uint64_t ReclaimProbe::missed(const Hook &hook) const
{
	auto scope = scope_of(hook.name);

	if (!hook.object)
		return 0;
	return hook.object->recursion_misses() +
	       (scope ? lost(*scope, hook.backend == "kprobe") : 0);
}

Napi::Value ReclaimProbe::js_drain(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	int fd = maps.fd("reclaimed");

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		return js::reclaimed(env, fd < 0 ? std::vector<Reclaimed>{} : read_reclaimed(fd));
	});
}

Napi::Value ReclaimProbe::js_shrinkers(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		if (!shrinkers.object)
			return env.Null();
		return js::shrinkers(env, read_shrinkers(shrinkers.object->map_fd("shrinkers")));
	});
}

Napi::Value ReclaimProbe::js_events(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		return js::reclaim_events(env, events ? events->poll()
						      : std::vector<ds_reclaim_event>{});
	});
}

Napi::Value ReclaimProbe::js_events_lost(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	int fd = maps.fd("reclaim_control");

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		uint64_t lost = fd < 0 ? 0 : read_reclaim_control(fd).events_lost;
		return Napi::BigInt::New(env, lost);
	});
}

void ReclaimProbe::js_forget(const Napi::CallbackInfo &info)
{
	auto ids = info[0].As<Napi::BigUint64Array>();

	check_open(info.Env());
	if (maps.fd("reclaimed") >= 0)
		forget_reclaimed(maps.fd("reclaimed"), ids.Data(), ids.ElementLength());
}

void ReclaimProbe::js_close(const Napi::CallbackInfo &)
{
	close();
}

} // namespace dentryscope
