// The function bodies of Asio and Beast, as third_party/labels has them for Bazel.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
