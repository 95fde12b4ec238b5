// SPDX-License-Identifier: Apache-2.0
#include "js.hh"

#include <algorithm>

namespace dentryscope::js
{

static std::vector<std::string> strings(const Napi::Value &value)
{
	auto array = value.As<Napi::Array>();
	std::vector<std::string> out;

	for (uint32_t i = 0; i < array.Length(); i++)
		out.push_back(array.Get(i).As<Napi::String>());
	return out;
}

Options options(const Napi::Object &from)
{
	return {
	    .bpf_dir = from.Get("bpfDir").As<Napi::String>(),
	    .backends = strings(from.Get("backends")),
	    .max_cgroups = from.Get("maxCgroups").As<Napi::Number>(),
	    .event_ring_bytes = from.Get("eventRingBytes").As<Napi::Number>(),
	    .prefer_v1 = from.Get("preferV1").As<Napi::Boolean>(),
	    .v1_controllers = strings(from.Get("v1Controllers")),
	};
}

Napi::Object hook(Napi::Env env, const Hook &hook, uint64_t missed)
{
	auto out = Napi::Object::New(env);
	auto tried = Napi::Array::New(env);

	for (const auto &refusal : hook.tried) {
		auto item = Napi::Object::New(env);
		item.Set("backend", refusal.backend);
		item.Set("error", refusal.error);
		tried.Set(tried.Length(), item);
	}
	out.Set("hook", hook.name);
	out.Set("backend",
		hook.backend.empty() ? env.Null() : Napi::String::New(env, hook.backend));
	out.Set("tried", tried);
	out.Set("missed", Napi::BigInt::New(env, missed));
	return out;
}

static Napi::Object cgroup_event(Napi::Env env, const ds_cgroup_event &event)
{
	auto out = Napi::Object::New(env);
	bool readable = event.path_size > 0;

	out.Set("kind", event.kind == DS_CGROUP_MKDIR ? "mkdir" : "rmdir");
	out.Set("id", Napi::BigInt::New(env, uint64_t(event.id)));
	out.Set("hierarchy", event.hierarchy);
	out.Set("path", readable ? std::string(event.path, event.path_size - 1) : std::string());
	out.Set("truncated", !readable || event.path_size == DS_PATH_MAX);
	return out;
}

Napi::Array cgroup_events(Napi::Env env, const std::vector<ds_cgroup_event> &events)
{
	auto out = Napi::Array::New(env, events.size());

	for (size_t i = 0; i < events.size(); i++)
		out.Set(i, cgroup_event(env, events[i]));
	return out;
}

template <typename Read>
static Napi::Value column(Napi::Env env, const std::vector<Column> &rows, bool seen, Read read)
{
	if (!seen)
		return env.Null();
	auto out = Napi::BigUint64Array::New(env, rows.size());
	std::transform(rows.begin(), rows.end(), out.Data(), read);
	return out;
}

static Napi::Value count(Napi::Env env, uint64_t value, bool seen)
{
	if (!seen)
		return env.Null();
	return Napi::BigInt::New(env, value);
}

Napi::Object drained(Napi::Env env, const Drained &drained, const Sees &sees)
{
	auto out = Napi::Object::New(env);
	auto overflow = Napi::Object::New(env);
	auto totals = Napi::Object::New(env);
	const auto &rows = drained.cgroups;

	out.Set("ids", column(env, rows, true, [](const Column &row) { return row.id; }));
	out.Set("dentriesAllocated", column(env, rows, sees.alloc, [](const Column &row) {
			return row.counts.allocated;
		}));
	out.Set("dentriesFreed", column(env, rows, sees.free_per_cgroup,
					[](const Column &row) { return row.counts.freed; }));
	overflow.Set("dentriesAllocated", count(env, drained.overflow.allocated, sees.alloc));
	overflow.Set("dentriesFreed", count(env, drained.overflow.freed, sees.free_per_cgroup));
	out.Set("overflow", overflow);
	totals.Set("allocatedAll", count(env, drained.totals.allocated_all, sees.alloc));
	totals.Set("freedAll", count(env, drained.totals.freed_all, sees.free));
	out.Set("totals", totals);
	return out;
}

} // namespace dentryscope::js
