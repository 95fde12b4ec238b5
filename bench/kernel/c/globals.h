/* SPDX-License-Identifier: Apache-2.0 */
/* Globals of a BPF object before it is loaded, by their names. */
#ifndef GLOBALS_H
#define GLOBALS_H

#include "bench.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

static inline bool set_in(struct bpf_object *object, const char *section, const char *name,
			  const void *value, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, section);
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *type = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	size_t bytes;
	char *data = (char *)bpf_map__initial_value(map, &bytes);

	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *info = btf_var_secinfos(type) + i;
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), name)) {
			memcpy(data + info->offset, value, size);
			return true;
		}
	}
	return false;
}

static inline void set_global(struct bpf_object *object, const char *name, const void *value,
			      size_t size)
{
	if (!set_in(object, ".rodata", name, value, size) &&
	    !set_in(object, ".bss", name, value, size))
		die(name);
}

#endif
