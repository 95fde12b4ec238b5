// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dentryscope
{

/* What libbpf says while one lives goes to it instead of standard error: one a thread at a time. */
class LibbpfLog
{
      public:
	LibbpfLog();
	~LibbpfLog();
	LibbpfLog(const LibbpfLog &) = delete;
	LibbpfLog &operator=(const LibbpfLog &) = delete;

	/* The one line that says most about a failure; empty when nothing was said. */
	std::string reason() const;

	std::string text;

      private:
	LibbpfLog *outer;
};

/* "EPERM: Operation not permitted"; also the errno values that only the kernel knows. */
std::string errno_text(int err);

} // namespace dentryscope
