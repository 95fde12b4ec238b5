// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace dentryscope
{

/*
 * Of the 55 MB of files that a node process has mapped, most is code that ran once, when it
 * started. Unmaps all code, and gives malloc's free pages back; what is used again is faulted in
 * from the page cache. @returns bytes of code that were mapped. @throws where the maps can't be
 * read
 */
Napi::Value release_startup_memory(const Napi::CallbackInfo &info);

} // namespace dentryscope
