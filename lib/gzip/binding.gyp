{
  "targets": [
    {
      "target_name": "gzip",
      "includes": ["../../scripts/addon.gypi"],
      "sources": ["addon/gzip.cc"],
      "cflags_cc": ["<!@(pkg-config --cflags libisal)"],
      "libraries": ["<!@(pkg-config --libs libisal)"]
    }
  ]
}
