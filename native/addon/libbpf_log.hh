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

	/* The line that says most about a failure: the verifier's or libbpf's last word. */
	std::string reason() const;

	std::string text;

      private:
	LibbpfLog *outer;
};

/* "EPERM: Operation not permitted"; also the errno values that only the kernel knows. */
std::string errno_text(int err);

} // namespace dentryscope
