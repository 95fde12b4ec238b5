{
  "targets": [
    {
      "target_name": "gzip",
      "sources": ["addon/gzip.cc"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "cflags_cc!": ["-fno-exceptions"],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "<!@(pkg-config --cflags libisal)"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "libraries": ["<!@(pkg-config --libs libisal)"]
    }
  ]
}
