"""Which sources the WebAssembly module has fast rather than small."""

# The code of a cached read, and the code that runs for every request. Optimising it for speed makes
# a cached read four times as fast.
HOT = [
    "core/cache/cache.cc",
    "core/cache/hash.cc",
    "core/cache/index.cc",
    "wasm/abi_connections.cc",
    "wasm/abi_requests.cc",
    "wasm/area.cc",
    "wasm/hosted_client.cc",
    "wasm/served.cc",
    "wasm/staging.cc",
]
