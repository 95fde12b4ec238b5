// SPDX-License-Identifier: Apache-2.0
#include "layouts.hh"

#include <cstddef>
#include <dentryscope.h>
#include <reclaim_types.h>

namespace dentryscope
{

struct Field {
	const char *name;
	size_t offset;
};

static Napi::Object layout(Napi::Env env, size_t size, std::initializer_list<Field> fields)
{
	auto out = Napi::Object::New(env);
	auto offsets = Napi::Object::New(env);

	for (const Field &field : fields)
		offsets.Set(field.name, double(field.offset));
	out.Set("size", double(size));
	out.Set("offsets", offsets);
	return out;
}

#define FIELD(type, name) Field(#name, offsetof(type, name))

static void add_reclaim(Napi::Env env, Napi::Object &out)
{
	out.Set("ds_reclaim_key",
		layout(env, sizeof(ds_reclaim_key),
		       {FIELD(ds_reclaim_key, cgroup_id), FIELD(ds_reclaim_key, kind),
			FIELD(ds_reclaim_key, pad)}));
	out.Set("ds_reclaim_sum", layout(env, sizeof(ds_reclaim_sum),
					 {FIELD(ds_reclaim_sum, events), FIELD(ds_reclaim_sum, ns),
					  FIELD(ds_reclaim_sum, freed)}));
	out.Set("ds_scope_books",
		layout(env, sizeof(ds_scope_books),
		       {FIELD(ds_scope_books, entered), FIELD(ds_scope_books, left),
			FIELD(ds_scope_books, in_flight)}));
	out.Set("ds_reclaim_control",
		layout(env, sizeof(ds_reclaim_control),
		       {FIELD(ds_reclaim_control, running), FIELD(ds_reclaim_control, events_lost),
			FIELD(ds_reclaim_control, scope)}));
	out.Set("ds_reclaim_event",
		layout(env, sizeof(ds_reclaim_event),
		       {FIELD(ds_reclaim_event, start_ns), FIELD(ds_reclaim_event, duration_ns),
			FIELD(ds_reclaim_event, freed), FIELD(ds_reclaim_event, scanned),
			FIELD(ds_reclaim_event, cgroup_id), FIELD(ds_reclaim_event, shrunk_id),
			FIELD(ds_reclaim_event, kind), FIELD(ds_reclaim_event, cpu),
			FIELD(ds_reclaim_event, pid), FIELD(ds_reclaim_event, calls),
			FIELD(ds_reclaim_event, superblock), FIELD(ds_reclaim_event, filesystem),
			FIELD(ds_reclaim_event, comm)}));
	out.Set("ds_shrinker_key",
		layout(env, sizeof(ds_shrinker_key),
		       {FIELD(ds_shrinker_key, scan_objects), FIELD(ds_shrinker_key, name)}));
	out.Set("ds_shrinker_sum",
		layout(env, sizeof(ds_shrinker_sum),
		       {FIELD(ds_shrinker_sum, calls), FIELD(ds_shrinker_sum, ns),
			FIELD(ds_shrinker_sum, scanned), FIELD(ds_shrinker_sum, freed)}));
}

Napi::Value layouts(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	auto out = Napi::Object::New(env);

	out.Set("ds_live",
		layout(env, sizeof(ds_live), {FIELD(ds_live, cgroup_id), FIELD(ds_live, born_ns)}));
	out.Set("ds_live_control",
		layout(env, sizeof(ds_live_control),
		       {FIELD(ds_live_control, mask), FIELD(ds_live_control, count),
			FIELD(ds_live_control, raise_at), FIELD(ds_live_control, raise_by),
			FIELD(ds_live_control, lost)}));
	out.Set("ds_cgroup_rule",
		layout(env, sizeof(ds_cgroup_rule),
		       {FIELD(ds_cgroup_rule, prefer_v1), FIELD(ds_cgroup_rule, nr_v1),
			FIELD(ds_cgroup_rule, v1_subsys)}));
	out.Set("ds_cgroup_event",
		layout(env, sizeof(ds_cgroup_event),
		       {FIELD(ds_cgroup_event, id), FIELD(ds_cgroup_event, hierarchy),
			FIELD(ds_cgroup_event, kind), FIELD(ds_cgroup_event, path_size),
			FIELD(ds_cgroup_event, pad), FIELD(ds_cgroup_event, path)}));
	/* CounterTable reads an entry as its id, then its words. */
	out.Set("ds_entry", layout(env, sizeof(__u64) * (1 + DS_NR_COUNTERS),
				   {{"id", 0}, {"value", sizeof(__u64)}}));
	out.Set("ds_tab",
		layout(env, sizeof(ds_tab),
		       {FIELD(ds_tab, allocated), FIELD(ds_tab, freed), FIELD(ds_tab, known),
			FIELD(ds_tab, changes), FIELD(ds_tab, key), FIELD(ds_tab, settled)}));
	add_reclaim(env, out);
	return out;
}

} // namespace dentryscope
