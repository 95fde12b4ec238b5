// SPDX-License-Identifier: Apache-2.0
#include "bpf_object.hh"

#include "checks.hh"
#include "dentryscope.h"
#include "libbpf_log.hh"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <cerrno>
#include <cstring>

namespace dentryscope
{

[[noreturn]] static void fail(const std::string &what, int err, const LibbpfLog &log)
{
	std::string said = permission_hint(err);

	if (said.empty())
		said = log.reason();
	throw BpfError(what + ": " + errno_text(err) + (said.empty() ? "" : "; " + said));
}

BpfObject::BpfObject(const std::string &path, const std::string &prefix) : path(path)
{
	LibbpfLog log;
	bpf_program *program;

	object = bpf_object__open_file(path.c_str(), nullptr);
	if (!object)
		fail("open " + path, errno, log);
	bpf_object__for_each_program(program, object)
	{
		std::string name = bpf_program__name(program);
		bpf_program__set_autoload(program, name.rfind(prefix, 0) == 0);
	}
}

BpfObject::~BpfObject()
{
	LibbpfLog log;

	/* The later ones may rely on the earlier ones. */
	for (auto link = links.rbegin(); link != links.rend(); link++)
		bpf_link__destroy(*link);
	bpf_object__close(object);
}

std::vector<bpf_program *> BpfObject::programs() const
{
	std::vector<bpf_program *> found;
	bpf_program *program;

	bpf_object__for_each_program(program, object) if (bpf_program__autoload(program))
	    found.push_back(program);
	return found;
}

static std::optional<size_t> offset_in(const btf *types, const btf_type *section,
				       const char *variable)
{
	const btf_var_secinfo *info = btf_var_secinfos(section);

	for (int i = 0; i < btf_vlen(section); i++) {
		const btf_type *var = btf__type_by_id(types, info[i].type);

		if (!strcmp(btf__name_by_offset(types, var->name_off), variable))
			return info[i].offset;
	}
	return std::nullopt;
}

/* Where a global lives: which of .rodata, .data, .bss, by the object's BTF. */
std::optional<BpfObject::Global> BpfObject::find_global(const char *variable) const
{
	const btf *types = bpf_object__btf(object);
	bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		size_t size;
		auto data = static_cast<const char *>(bpf_map__initial_value(map, &size));
		const btf_type *section = btf__type_by_id(types, bpf_map__btf_value_type_id(map));

		if (!data || !section || !btf_is_datasec(section))
			continue;
		if (auto offset = offset_in(types, section, variable))
			return Global{map, data, size, *offset};
	}
	return std::nullopt;
}

void BpfObject::set_global(const char *variable, const void *value, size_t size)
{
	auto global = find_global(variable);

	if (!global)
		return;
	std::vector<char> section(global->section, global->section + global->section_size);
	memcpy(section.data() + global->offset, value, size);
	bpf_map__set_initial_value(global->map, section.data(), section.size());
}

uint64_t BpfObject::read_global(const char *variable) const
{
	auto global = find_global(variable);
	uint64_t value;
	__u32 first = 0;

	if (!global)
		return 0;
	std::vector<char> section(global->section_size);
	if (bpf_map_lookup_elem(bpf_map__fd(global->map), &first, section.data()))
		return 0;
	memcpy(&value, section.data() + global->offset, sizeof(value));
	return value;
}

static std::vector<bpf_insn> instructions(const bpf_program *program)
{
	const bpf_insn *first = bpf_program__insns(program);

	return {first, first + bpf_program__insn_cnt(program)};
}

/* The 64-bit number in an instruction, which takes the place of two, with a half in each. */
static std::optional<uint64_t> number_at(const std::vector<bpf_insn> &insns, size_t i)
{
	if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW) || insns[i].src_reg != 0)
		return std::nullopt;
	if (i + 1 == insns.size())
		return std::nullopt;
	return uint64_t(uint32_t(insns[i + 1].imm)) << 32 | uint32_t(insns[i].imm);
}

/* The one of 32 bits that an operation or a comparison has in itself. */
static std::optional<uint32_t> word_at(const bpf_insn &insn)
{
	auto kind = BPF_CLASS(insn.code);

	if ((kind != BPF_ALU64 && kind != BPF_JMP32) || BPF_SRC(insn.code) != BPF_K)
		return std::nullopt;
	return insn.imm;
}

void BpfObject::rewrite(const std::function<void(std::vector<bpf_insn> &)> &change)
{
	for (bpf_program *program : programs()) {
		auto insns = instructions(program);
		change(insns);
		if (int err = bpf_program__set_insns(program, insns.data(), insns.size()))
			throw BpfError("set a constant: " + errno_text(err));
	}
}

void BpfObject::set_constant(uint64_t mark, uint64_t value)
{
	rewrite([=](std::vector<bpf_insn> &insns) {
		for (size_t i = 0; i < insns.size(); i++) {
			if (number_at(insns, i) != mark)
				continue;
			insns[i].imm = int32_t(value);
			insns[i + 1].imm = int32_t(value >> 32);
		}
	});
}

void BpfObject::set_word(uint32_t mark, uint32_t value)
{
	rewrite([=](std::vector<bpf_insn> &insns) {
		for (bpf_insn &insn : insns)
			if (word_at(insn) == mark)
				insn.imm = int32_t(value);
	});
}

static bool has_mark(const std::vector<bpf_insn> &insns, size_t i)
{
	auto number = number_at(insns, i);
	auto word = word_at(insns[i]);

	return (number && DS_IS_MARK(*number)) || (word && DS_IS_WORD_MARK(*word));
}

/* Functions that programs call are seen once they are loaded only: no mark may stand in one. */
static void check_constants(const std::vector<bpf_program *> &programs)
{
	for (const bpf_program *program : programs) {
		auto insns = instructions(program);
		for (size_t i = 0; i < insns.size(); i++)
			if (has_mark(insns, i))
				throw BpfError(std::string("a constant of ") +
					       bpf_program__name(program) + " was not set");
	}
}

void BpfObject::retarget(const char *name, const char *function)
{
	bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE)
		functions[name] = function;
	else
		bpf_program__set_attach_target(program, 0, function);
}

bool BpfObject::has_map(const char *name) const
{
	return bpf_object__find_map_by_name(object, name);
}

void BpfObject::set_max_entries(const char *map, uint32_t entries)
{
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, map), entries);
}

void BpfObject::reuse_map(const char *name, int fd)
{
	LibbpfLog log;
	int err = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, name), fd);

	if (err)
		fail(std::string("share map ") + name, err, log);
}

int BpfObject::map_fd(const char *name) const
{
	return bpf_map__fd(bpf_object__find_map_by_name(object, name));
}

void BpfObject::load()
{
	LibbpfLog log;
	int err = bpf_object__load(object);

	if (err)
		fail("load", err, log);
	check_constants(programs());
}

bpf_link *BpfObject::attach_one(const bpf_program *program) const
{
	auto function = functions.find(bpf_program__name(program));

	if (function == functions.end())
		return bpf_program__attach(program);
	return bpf_program__attach_kprobe(program, false, function->second.c_str());
}

void BpfObject::attach()
{
	for (bpf_program *program : programs()) {
		LibbpfLog log;
		bpf_link *link = attach_one(program);

		if (!link)
			fail(std::string("attach ") + bpf_program__section_name(program), errno,
			     log);
		links.push_back(link);
	}
}

uint64_t BpfObject::recursion_misses() const
{
	uint64_t misses = 0;

	for (bpf_program *program : programs()) {
		bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			misses += info.recursion_misses;
	}
	return misses;
}

} // namespace dentryscope
