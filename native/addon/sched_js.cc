// SPDX-License-Identifier: Apache-2.0
#include "sched_js.hh"

#include <cstring>

namespace dentryscope::js
{

static uint64_t big(const Napi::Value &value)
{
	bool lossless;

	return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

SchedOptions sched_options(const Napi::Object &from)
{
	SchedOptions options = {};
	auto v1 = from.Get("v1Controllers").As<Napi::Array>();

	options.common.bpf_dir = from.Get("bpfDir").As<Napi::String>();
	options.common.max_cgroups = from.Get("maxCgroups").As<Napi::Number>();
	options.common.prefer_v1 = from.Get("preferV1").As<Napi::Boolean>();
	for (uint32_t i = 0; i < v1.Length(); i++)
		options.common.v1_controllers.push_back(v1.Get(i).As<Napi::String>());
	options.max_threads = from.Get("maxThreads").As<Napi::Number>();
	options.run_queue_stall_ns = big(from.Get("runQueueStallNs"));
	options.lock_stall_ns = big(from.Get("lockStallNs"));
	return options;
}

static Napi::Value column(Napi::Env env, const SchedRows &rows, unsigned first, unsigned width,
			  bool seen)
{
	if (!seen)
		return env.Null();
	auto out = Napi::BigUint64Array::New(env, rows.words.size() * width);
	uint64_t *at = out.Data();
	for (const Words &words : rows.words)
		for (unsigned i = 0; i < width; i++)
			*at++ = words[first + i];
	return out;
}

Napi::Object sched_drained(Napi::Env env, const SchedRows &rows, bool sees_queue, bool sees_locks)
{
	auto out = Napi::Object::New(env);
	auto columns = Napi::Object::New(env);
	auto ids = Napi::BigUint64Array::New(env, rows.ids.size());

	std::copy(rows.ids.begin(), rows.ids.end(), ids.Data());
	columns.Set("runQueueWaits", column(env, rows, DS_RUN_QUEUE_WAITS, 1, sees_queue));
	columns.Set("runQueueLatencyNs", column(env, rows, DS_RUN_QUEUE_NS, 1, sees_queue));
	columns.Set("lockContentions", column(env, rows, DS_LOCK_CONTENTIONS, 1, sees_locks));
	columns.Set("lockContentionNs", column(env, rows, DS_LOCK_NS, 1, sees_locks));
	out.Set("ids", ids);
	out.Set("columns", columns);
	out.Set("buckets", column(env, rows, DS_RUN_QUEUE_BUCKETS, DS_WAIT_BUCKETS, sees_queue));
	return out;
}

void add_stalls(Napi::Array &to, const char *kind, const std::vector<ds_stall> &stalls)
{
	Napi::Env env = to.Env();

	for (const ds_stall &stall : stalls) {
		auto out = Napi::Object::New(env);
		out.Set("kind", kind);
		out.Set("endNs", Napi::BigInt::New(env, uint64_t(stall.end_ns)));
		out.Set("durationNs", Napi::BigInt::New(env, uint64_t(stall.duration_ns)));
		out.Set("cgroupId", Napi::BigInt::New(env, uint64_t(stall.cgroup_id)));
		out.Set("pid", stall.pid);
		out.Set("cpu", stall.cpu);
		out.Set("comm", std::string(stall.comm, strnlen(stall.comm, sizeof(stall.comm))));
		to.Set(to.Length(), out);
	}
}

} // namespace dentryscope::js
