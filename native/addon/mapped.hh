// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf_object.hh"
#include "libbpf_log.hh"

#include <cerrno>
#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>

namespace dentryscope
{

/* The values of a BPF_F_MMAPABLE array (fc9702273e2e, 5.5), read and written where the programs do:
 * no system call. */
template <typename Value> class Mapped
{
      public:
	Mapped(int fd, size_t count, const char *name)
	{
		size_t page = sysconf(_SC_PAGESIZE);

		bytes = (count * sizeof(Value) + page - 1) / page * page;
		void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			throw BpfError(std::string("map ") + name + ": " + errno_text(errno));
		values = static_cast<Value *>(at);
	}
	~Mapped()
	{
		munmap(values, bytes);
	}
	Mapped(const Mapped &) = delete;
	Mapped &operator=(const Mapped &) = delete;

	Value &operator[](size_t index) const
	{
		return values[index];
	}

      private:
	Value *values;
	size_t bytes;
};

/* A word that programs write meanwhile. */
inline uint64_t read_word(const __u64 &word)
{
	return __atomic_load_n(&word, __ATOMIC_RELAXED);
}

} // namespace dentryscope
