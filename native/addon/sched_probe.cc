// SPDX-License-Identifier: Apache-2.0
#include "sched_probe.hh"

#include "sched_js.hh"

namespace dentryscope
{

Napi::Function SchedProbe::define(Napi::Env env)
{
	return DefineClass(env, "SchedProbe",
			   {InstanceMethod("hooks", &SchedProbe::js_hooks),
			    InstanceMethod<&SchedProbe::js_drain>("drain"),
			    InstanceMethod<&SchedProbe::js_poll>("pollStalls"),
			    InstanceMethod<&SchedProbe::js_forget>("forget"),
			    InstanceMethod<&SchedProbe::js_close>("close")});
}

SchedProbe::SchedProbe(const Napi::CallbackInfo &info)
    : HookProbe<SchedProbe>(info), options(js::sched_options(info[0].As<Napi::Object>())),
      maps(CounterTable::maps), run_queue(run_queue_hook(options)),
      lock_contention(lock_contention_hook(options))
{
	guarded(info.Env(), [&] { open(); });
}

std::array<Hook *, 2> SchedProbe::hooks()
{
	return {&run_queue, &lock_contention};
}

static std::unique_ptr<StallRing> ring_of(const Hook &hook)
{
	return hook.object ? std::make_unique<StallRing>(hook.object->map_fd("stalls")) : nullptr;
}

void SchedProbe::open()
{
	KernelBtf kernel;

	for (Hook *hook : hooks())
		hook->open(options.common, kernel, maps);
	if (!maps.empty())
		table = std::make_unique<CounterTable>(
		    [this](const char *name) { return maps.fd(name); }, DS_NR_SCHED_COUNTERS,
		    options.common.max_cgroups);
	queue_stalls = ring_of(run_queue);
	lock_stalls = ring_of(lock_contention);
}

void SchedProbe::close()
{
	queue_stalls.reset();
	lock_stalls.reset();
	table.reset();
	close_hooks(maps);
}

uint64_t SchedProbe::missed(const Hook &hook) const
{
	if (!hook.object)
		return 0;
	return hook.object->recursion_misses() + hook.object->read_global("marks_lost") +
	       hook.object->read_global("stalls_lost");
}

Napi::Value SchedProbe::js_drain(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		js::SchedRows rows;

		if (table) {
			auto add = [&](uint64_t id, const Words &words) {
				rows.ids.push_back(id);
				rows.words.push_back(words);
			};
			table->each(add);
			add(0, table->reserved(DS_PLACE_OVERFLOW));
		}
		return js::sched_drained(env, rows, run_queue.object != nullptr,
					 lock_contention.object != nullptr);
	});
}

Napi::Value SchedProbe::js_poll(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		auto out = Napi::Array::New(env);

		if (queue_stalls)
			js::add_stalls(out, "run_queue", queue_stalls->poll());
		if (lock_stalls)
			js::add_stalls(out, "lock_contention", lock_stalls->poll());
		return out;
	});
}

void SchedProbe::js_forget(const Napi::CallbackInfo &info)
{
	auto ids = info[0].As<Napi::BigUint64Array>();

	check_open(info.Env());
	if (table)
		table->forget(ids.Data(), ids.ElementLength());
}

void SchedProbe::js_close(const Napi::CallbackInfo &)
{
	close();
}

} // namespace dentryscope
