// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace dentryscope
{

struct BpfError : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/* open -> set rodata, share maps -> load -> attach; the destructor is the one cleanup path. Throws
 * BpfError. */
class BpfObject
{
      public:
	/* Keeps only the programs whose names start with `prefix`. */
	BpfObject(const std::string &path, const std::string &prefix);
	~BpfObject();
	BpfObject(const BpfObject &) = delete;
	BpfObject &operator=(const BpfObject &) = delete;

	/* Globals by name; an object without it is left alone, a read of it gives 0. */
	void set_global(const char *variable, const void *value, size_t size);
	uint64_t read_global(const char *variable) const;
	/* In all programs, before load(): the number in place of the mark (bpf/include/constant.h),
	 * and the same of 32 bits. */
	void set_constant(uint64_t mark, uint64_t value);
	void set_word(uint32_t mark, uint32_t value);
	/* Before load(): the program is attached to this function instead of the one that its
	 * section names. */
	void retarget(const char *program, const char *function);
	bool has_map(const char *name) const;
	void set_max_entries(const char *map, uint32_t entries);
	void reuse_map(const char *name, int fd);
	int map_fd(const char *name) const;
	void load();
	void attach();
	/* Runs that the kernel's recursion guard refused. */
	uint64_t recursion_misses() const;

	const std::string path;

      private:
	struct Global {
		bpf_map *map;
		const char *section;
		size_t section_size;
		size_t offset;
	};
	std::optional<Global> find_global(const char *variable) const;
	std::vector<bpf_program *> programs() const;
	void rewrite(const std::function<void(std::vector<bpf_insn> &)> &change);

	bpf_link *attach_one(const bpf_program *program) const;

	bpf_object *object = nullptr;
	std::map<std::string, std::string> functions; /* of retargeted kprobes, by program */
	std::vector<bpf_link *> links;
};

} // namespace dentryscope
