// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace dentryscope
{

/* layouts(): sizes and offsets in bytes of the structs that the addon shares with the programs, for
 * a test to compare with those in the programs' own type information. */
Napi::Value layouts(const Napi::CallbackInfo &info);

} // namespace dentryscope
