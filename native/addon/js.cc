// SPDX-License-Identifier: Apache-2.0
#include "js.hh"

#include <algorithm>
#include <unordered_map>

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

static LiveOptions live_options(const Napi::Object &from)
{
	bool lossless;

	return {
	    .max_samples = from.Get("maxSamples").As<Napi::Number>(),
	    .shift = from.Get("shift").As<Napi::Number>().Uint32Value(),
	    .seed = from.Get("seed").As<Napi::BigInt>().Uint64Value(&lossless),
	};
}

Options options(const Napi::Object &from)
{
	return {
	    .bpf_dir = from.Get("bpfDir").As<Napi::String>(),
	    .backends = strings(from.Get("backends")),
	    .hooks = strings(from.Get("hooks")),
	    .max_cgroups = from.Get("maxCgroups").As<Napi::Number>(),
	    .live = live_options(from.Get("live").As<Napi::Object>()),
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

static const std::array<const char *, NR_COUNTERS> counter_names = {
    "dentriesAllocated", "dentriesFreed",    "negativeByLookup", "negativeByUnlink",
    "instantiated",	 "positiveByLookup", "negativesFreed",
};

template <typename Rows, typename Read>
static Napi::Value column(Napi::Env env, const Rows &rows, Read read)
{
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

static Napi::Object totals(Napi::Env env, const Drained &drained, const Sees &sees)
{
	auto out = Napi::Object::New(env);

	out.Set("allocatedAll", count(env, drained.allocated_all, sees.totals_allocated));
	out.Set("freedAll", count(env, drained.freed_all, sees.totals_freed));
	out.Set("oldDied", count(env, drained.old_died, sees.live));
	out.Set("oldDiedVariance", count(env, drained.old_died_variance, sees.live));
	return out;
}

Napi::Object drained(Napi::Env env, const Drained &drained, const Sees &sees)
{
	auto out = Napi::Object::New(env);
	auto columns = Napi::Object::New(env);
	auto overflow = Napi::Object::New(env);

	for (int i = 0; i < NR_COUNTERS; i++) {
		auto read = [i](const Counts &row) { return row[i]; };
		bool seen = sees.counters[i];

		columns.Set(counter_names[i], seen ? column(env, drained.rows, read) : env.Null());
		overflow.Set(counter_names[i], count(env, drained.overflow[i], seen));
	}
	out.Set("ids", column(env, drained.ids, [](uint64_t id) { return id; }));
	out.Set("columns", columns);
	out.Set("overflow", overflow);
	out.Set("totals", totals(env, drained, sees));
	return out;
}

Napi::Object live(Napi::Env env, const std::vector<Sampled> &samples, unsigned shift, uint64_t lost)
{
	auto out = Napi::Object::New(env);

	out.Set("shift", shift);
	out.Set("lost", Napi::BigInt::New(env, lost));
	out.Set("addresses", column(env, samples, [](const Sampled &one) { return one.address; }));
	out.Set("ids", column(env, samples, [](const Sampled &one) { return one.born.cgroup_id; }));
	out.Set("bornNs",
		column(env, samples, [](const Sampled &one) { return one.born.born_ns; }));
	return out;
}

/* As many buckets a row as bounds, and one. */
static size_t bucket_of(uint64_t age_ns, const std::vector<uint64_t> &bounds_ns)
{
	return std::upper_bound(bounds_ns.begin(), bounds_ns.end(), age_ns) - bounds_ns.begin();
}

Napi::Object live_by_age(Napi::Env env, const std::vector<Sampled> &samples, unsigned shift,
			 uint64_t lost, uint64_t now_ns, const std::vector<uint64_t> &bounds_ns)
{
	const size_t buckets = bounds_ns.size() + 1;
	std::unordered_map<uint64_t, size_t> rows;
	std::vector<uint64_t> ids;
	std::vector<uint32_t> counts;

	for (const Sampled &one : samples) {
		auto [row, is_new] = rows.try_emplace(one.born.cgroup_id, ids.size());
		/* Born while the map was read. */
		uint64_t age_ns = now_ns > one.born.born_ns ? now_ns - one.born.born_ns : 0;

		if (is_new) {
			ids.push_back(one.born.cgroup_id);
			counts.resize(counts.size() + buckets);
		}
		counts[row->second * buckets + bucket_of(age_ns, bounds_ns)]++;
	}
	auto out = Napi::Object::New(env);
	auto samples_out = Napi::Uint32Array::New(env, counts.size());
	std::copy(counts.begin(), counts.end(), samples_out.Data());
	out.Set("shift", shift);
	out.Set("lost", Napi::BigInt::New(env, lost));
	out.Set("ids", column(env, ids, [](uint64_t id) { return id; }));
	out.Set("samples", samples_out);
	return out;
}

std::vector<uint64_t> words(const Napi::Value &value)
{
	auto array = value.As<Napi::BigUint64Array>();

	return {array.Data(), array.Data() + array.ElementLength()};
}

} // namespace dentryscope::js
