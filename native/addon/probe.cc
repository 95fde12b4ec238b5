// SPDX-License-Identifier: Apache-2.0
#include "probe.hh"

#include "checks.hh"
#include "dentry_hooks.hh"

#include <algorithm>

namespace dentryscope
{

Napi::Function Probe::define(Napi::Env env)
{
	return DefineClass(env, "Probe",
			   {InstanceMethod("hooks", &Probe::js_hooks),
			    InstanceMethod<&Probe::js_drain>("drain"),
			    InstanceMethod<&Probe::js_live>("live"),
			    InstanceMethod<&Probe::js_live_by_age>("liveByAge"),
			    InstanceMethod<&Probe::js_forget>("forget"),
			    InstanceMethod<&Probe::js_poll>("pollCgroupEvents"),
			    InstanceMethod<&Probe::js_events_lost>("cgroupEventsLost"),
			    InstanceMethod<&Probe::js_close>("close")});
}

/* The maps of all dentry hooks are one set. */
static std::vector<const char *> shared_maps()
{
	std::vector<const char *> names = CounterTable::maps;

	names.insert(names.end(), {Tabs::map, "live", "live_control"});
	return names;
}

Probe::Probe(const Napi::CallbackInfo &info)
    : HookProbe<Probe>(info), options(js::options(info[0].As<Napi::Object>())), maps(shared_maps()),
      alloc(dentry_hook("dentry_alloc", "alloc_", options)),
      free(dentry_hook("dentry_free", "free_", options)),
      lookup(dentry_hook("dentry_lookup", "lookup_", options)),
      unlink(dentry_hook("dentry_unlink", "unlink_", options)),
      instantiate(dentry_hook("dentry_instantiate", "instantiate_", options)),
      life(cgroup_life_hook(options))
{
	guarded(info.Env(), [&] { open(); });
}

std::array<Hook *, 6> Probe::hooks()
{
	return {&alloc, &free, &lookup, &unlink, &instantiate, &life};
}

void Probe::open()
{
	KernelBtf kernel;
	auto fd = [this](const char *name) { return maps.fd(name); };

	for (Hook *hook : hooks())
		if (std::ranges::find(options.hooks, hook->name) != options.hooks.end())
			hook->open(options, kernel, maps);
	if (maps.fd("entries") >= 0) {
		counts = std::make_unique<DentryCounts>(fd, options.max_cgroups,
							alloc.backend == "kprobe");
		unpaired_at_open = counts->unpaired();
	}
	/* A sample whose deaths nobody sees would only grow; and backends name a dentry each in its
	 * own way. */
	if (alloc.object && free.object && alloc.backend == free.backend)
		live = std::make_unique<LiveSample>(fd("live"), fd("live_control"), options.live);
	if (life.object)
		events = std::make_unique<CgroupEvents>(life.object->map_fd("cgroup_events"));
}

void Probe::close()
{
	events.reset();
	live.reset();
	counts.reset();
	close_hooks(maps);
}

/* At most so many events were lost or, for kprobe's failed allocations, not taken back. */
uint64_t Probe::missed(const Hook &hook) const
{
	if (!hook.object)
		return 0;
	uint64_t missed = hook.object->recursion_misses() + hook.object->read_global("marks_lost");
	if (&hook == &alloc && hook.backend == "kprobe") {
		int64_t unpaired = counts->unpaired() - unpaired_at_open;
		missed += unpaired > 0 ? unpaired : 0;
	}
	return missed;
}

Napi::Value Probe::js_drain(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		js::Sees sees = {};
		sees.totals_allocated = alloc.object != nullptr;
		sees.totals_freed = free.object != nullptr;
		sees.live = live != nullptr;
		sees.counters[ALLOCATED] = alloc.object != nullptr;
		sees.counters[FREED] = sees.counters[NEGATIVES_FREED] =
		    free.object && free.backend != "tracepoint";
		sees.counters[NEGATIVE_BY_LOOKUP] = sees.counters[POSITIVE_BY_LOOKUP] =
		    lookup.object != nullptr;
		sees.counters[NEGATIVE_BY_UNLINK] = unlink.object != nullptr;
		sees.counters[INSTANTIATED] = instantiate.object != nullptr;
		return js::drained(env, counts ? counts->drain() : Drained{}, sees);
	});
}

Napi::Value Probe::js_live(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		unsigned shift = 0;

		if (!live)
			return env.Null();
		auto samples = live->read(shift);
		return js::live(env, samples, shift, live->lost());
	});
}

Napi::Value Probe::js_live_by_age(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bool lossless;
	uint64_t now_ns = info[0].As<Napi::BigInt>().Uint64Value(&lossless);

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		unsigned shift = 0;

		if (!live)
			return env.Null();
		auto samples = live->read(shift);
		return js::live_by_age(env, samples, shift, live->lost(), now_ns,
				       js::words(info[1]));
	});
}

void Probe::js_forget(const Napi::CallbackInfo &info)
{
	auto ids = info[0].As<Napi::BigUint64Array>();

	check_open(info.Env());
	if (counts)
		counts->forget(ids.Data(), ids.ElementLength());
}

Napi::Value Probe::js_poll(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		return js::cgroup_events(env,
					 events ? events->poll() : std::vector<ds_cgroup_event>{});
	});
}

Napi::Value Probe::js_events_lost(const Napi::CallbackInfo &info)
{
	check_open(info.Env());
	uint64_t lost = life.object ? life.object->read_global("events_lost") : 0;
	return Napi::BigInt::New(info.Env(), lost);
}

void Probe::js_close(const Napi::CallbackInfo &)
{
	close();
}

} // namespace dentryscope
