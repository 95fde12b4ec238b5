# What the addons of native and lib/gzip have in common. By include_dir: the targets of node-addon-api leave files in packages.
{
  "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
  "cflags_cc!": ["-fno-exceptions"],
  "cflags_cc": ["-std=c++20", "-Wall", "-Wextra"],
  "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS"]
}
