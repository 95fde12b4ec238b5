{
  "targets": [
    {
      "target_name": "gzip",
      "sources": ["addon/gzip.cc"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "<!@(pkg-config --cflags libisal)"],
      "defines": ["NAPI_VERSION=8"],
      "libraries": ["<!@(pkg-config --libs libisal)"]
    }
  ]
}
