// SPDX-License-Identifier: Apache-2.0
#include "reclaim_js.hh"

#include <algorithm>
#include <cstring>

namespace dentryscope::js
{

static const char *const kind_names[] = {"pressure", "direct", "drop_caches",
					 "remount",  "umount", "memory"};
static_assert(std::size(kind_names) == DS_NR_RECLAIM_KINDS);

template <typename Read>
static Napi::Value column(Napi::Env env, const std::vector<Reclaimed> &rows, Read read)
{
	auto out = Napi::BigUint64Array::New(env, rows.size());

	std::transform(rows.begin(), rows.end(), out.Data(), read);
	return out;
}

Napi::Object reclaimed(Napi::Env env, const std::vector<Reclaimed> &rows)
{
	auto out = Napi::Object::New(env);
	auto kinds = Napi::Array::New(env, rows.size());

	for (size_t i = 0; i < rows.size(); i++)
		kinds.Set(i, kind_names[rows[i].key.kind]);
	out.Set("ids", column(env, rows, [](const Reclaimed &row) { return row.key.cgroup_id; }));
	out.Set("kinds", kinds);
	out.Set("events", column(env, rows, [](const Reclaimed &row) { return row.sum.events; }));
	out.Set("ns", column(env, rows, [](const Reclaimed &row) { return row.sum.ns; }));
	out.Set("freed", column(env, rows, [](const Reclaimed &row) { return row.sum.freed; }));
	return out;
}

template <size_t size> static std::string text(const char (&from)[size])
{
	return std::string(from, strnlen(from, size));
}

static Napi::Object shrinker(Napi::Env env, const Shrunk &row)
{
	auto out = Napi::Object::New(env);
	auto number = [&](uint64_t value) { return Napi::BigInt::New(env, value); };

	out.Set("scanObjects", number(row.key.scan_objects));
	out.Set("name", text(row.key.name));
	out.Set("calls", number(row.sum.calls));
	out.Set("ns", number(row.sum.ns));
	out.Set("scanned", number(row.sum.scanned));
	out.Set("freed", number(row.sum.freed));
	return out;
}

Napi::Array shrinkers(Napi::Env env, const std::vector<Shrunk> &rows)
{
	auto out = Napi::Array::New(env, rows.size());

	for (size_t i = 0; i < rows.size(); i++)
		out.Set(i, shrinker(env, rows[i]));
	return out;
}

static Napi::Object event(Napi::Env env, const ds_reclaim_event &from)
{
	auto out = Napi::Object::New(env);
	auto number = [&](uint64_t value) { return Napi::BigInt::New(env, value); };

	out.Set("kind", kind_names[from.kind]);
	out.Set("startNs", number(from.start_ns));
	out.Set("durationNs", number(from.duration_ns));
	out.Set("freed", number(from.freed));
	out.Set("scanned", number(from.scanned));
	out.Set("calls", from.calls);
	out.Set("superblock", text(from.superblock));
	out.Set("filesystem", text(from.filesystem));
	out.Set("cpu", from.cpu);
	out.Set("cgroupId", number(from.cgroup_id));
	out.Set("shrunkCgroupId", number(from.shrunk_id));
	out.Set("comm", text(from.comm));
	out.Set("pid", from.pid);
	return out;
}

Napi::Array reclaim_events(Napi::Env env, const std::vector<ds_reclaim_event> &events)
{
	auto out = Napi::Array::New(env, events.size());

	for (size_t i = 0; i < events.size(); i++)
		out.Set(i, event(env, events[i]));
	return out;
}

} // namespace dentryscope::js
