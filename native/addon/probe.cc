// SPDX-License-Identifier: Apache-2.0
#include "probe.hh"

#include "js.hh"

namespace dentryscope
{

/* C++ errors become JavaScript's. */
template <typename Action> static auto guarded(Napi::Env env, Action action)
{
	try {
		return action();
	} catch (const BpfError &error) {
		throw Napi::Error::New(env, error.what());
	}
}

Napi::Function Probe::define(Napi::Env env)
{
	return DefineClass(env, "Probe",
			   {InstanceMethod<&Probe::js_hooks>("hooks"),
			    InstanceMethod<&Probe::js_drain>("drain"),
			    InstanceMethod<&Probe::js_forget>("forget"),
			    InstanceMethod<&Probe::js_poll>("pollCgroupEvents"),
			    InstanceMethod<&Probe::js_events_lost>("cgroupEventsLost"),
			    InstanceMethod<&Probe::js_close>("close")});
}

Probe::Probe(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Probe>(info)
{
	guarded(info.Env(), [&] { open(js::options(info[0].As<Napi::Object>())); });
}

void Probe::open(const Options &options)
{
	KernelBtf kernel;

	for (Hook *hook : {&alloc, &free, &life})
		hook->open(options, kernel, maps);
	if (maps.fd("cgroups") >= 0) {
		cgroups = std::make_unique<CgroupMap>(maps.fd("cgroups"), maps.fd("spill"),
						      alloc.backend == "kprobe");
		unpaired_at_open = cgroups->spilled(DS_SPILL_NODE).unpaired;
	}
	if (life.object)
		events = std::make_unique<CgroupEvents>(life.object->map_fd("cgroup_events"));
}

void Probe::close()
{
	events.reset();
	cgroups.reset();
	for (Hook *hook : {&alloc, &free, &life})
		hook->object.reset();
	maps.close_all();
	closed = true;
}

void Probe::check_open(Napi::Env env) const
{
	if (closed)
		throw Napi::Error::New(env, "the probe is closed");
}

/* At most so many events were lost or, for kprobe's failed allocations, not taken back. */
uint64_t Probe::missed(const Hook &hook) const
{
	if (!hook.object)
		return 0;
	uint64_t missed = hook.object->recursion_misses() + hook.object->read_global("marks_lost");
	if (&hook == &alloc && hook.backend == "kprobe") {
		int64_t unpaired = cgroups->spilled(DS_SPILL_NODE).unpaired - unpaired_at_open;
		missed += unpaired > 0 ? unpaired : 0;
	}
	return missed;
}

Napi::Value Probe::js_hooks(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		auto out = Napi::Array::New(env);
		for (const Hook *hook : {&alloc, &free, &life})
			out.Set(out.Length(), js::hook(env, *hook, missed(*hook)));
		return out;
	});
}

Napi::Value Probe::js_drain(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	check_open(env);
	return guarded(env, [&]() -> Napi::Value {
		js::Sees sees = {!alloc.backend.empty(), !free.backend.empty(),
				 !free.backend.empty() && free.backend != "tracepoint"};
		return js::drained(env, cgroups ? cgroups->drain() : Drained{}, sees);
	});
}

void Probe::js_forget(const Napi::CallbackInfo &info)
{
	auto ids = info[0].As<Napi::BigUint64Array>();

	check_open(info.Env());
	if (cgroups)
		cgroups->forget(ids.Data(), ids.ElementLength());
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
