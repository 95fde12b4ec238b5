// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernel_btf.hh"

#include <string>

namespace dentryscope
{

/* Throw BpfError when a backend can't work here and the kernel's own refusal would be a riddle. */
void check_slab_tracepoints(const KernelBtf &kernel);
void check_kprobes();

/* What stands behind a refusal: the capabilities that are missing, or that none is. Empty unless
 * EPERM. */
std::string permission_hint(int err);

} // namespace dentryscope
