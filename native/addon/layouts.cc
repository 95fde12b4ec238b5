// SPDX-License-Identifier: Apache-2.0
#include "layouts.hh"

#include <cstddef>
#include <dentryscope.h>

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

Napi::Value layouts(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	auto out = Napi::Object::New(env);

	out.Set("ds_live",
		layout(env, sizeof(ds_live), {FIELD(ds_live, cgroup_id), FIELD(ds_live, born_ns)}));
	out.Set("ds_live_control",
		layout(env, sizeof(ds_live_control),
		       {FIELD(ds_live_control, seed), FIELD(ds_live_control, mask),
			FIELD(ds_live_control, count), FIELD(ds_live_control, raise_at),
			FIELD(ds_live_control, raise_by), FIELD(ds_live_control, lost)}));
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
	return out;
}

} // namespace dentryscope
